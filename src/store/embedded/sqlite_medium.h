// SPDX-License-Identifier: Apache-2.0
// SqliteMedium: one SQLite file in WAL mode, where every commit is synced. One connection writes
// (the journal, and documents), one reads; each has its mutex, and no core comes here.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "store/embedded/connection.h"
#include "store/embedded/directory_lock.h"
#include "store/embedded/file_watch.h"
#include "store/medium.h"

namespace sluice::store {

class SqliteMedium final : public Medium {
 public:
  struct Options {
    Durability durability = Durability::disk;
    const char* vfs = nullptr;  // as Connection::open
  };
  [[nodiscard]] static Result<std::unique_ptr<Medium>> open(const std::string& directory,
                                                            Options options);

  Result<void> check() override;
  std::string_view durability() const override {
    return options_.durability == Durability::disk ? "disk" : "process";
  }
  Result<void> write(std::span<const Batch> group) override;
  Result<Version> version(const std::string& ns) override;
  Result<Version> load(const std::string& ns, const Visit& visit) override;
  Result<Page> list(const std::string& ns, std::string_view prefix, std::string_view after,
                    std::size_t limit) override;
  Result<Version> scan(const std::string& ns, std::string_view prefix,
                       const Store::Visit& visit) override;
  Result<std::uint64_t> count(const std::string& ns, std::string_view prefix) override;
  Result<std::vector<Entry>> documents(std::string_view collection) override;
  Result<void> put_document(std::string_view collection, const Entry& document) override;
  Result<void> erase_document(std::string_view collection, std::string_view key) override;

 private:
  struct Writer {
    Connection connection;
    Statement begin, commit, rollback;
    Statement add_namespace, find_namespace, set_version;
    Statement put, erase, clear, clear_range;
    Statement put_document, erase_document;
  };
  struct Reader {
    Connection connection;
    Statement begin, commit;
    Statement find_namespace;
    Statement all, list, list_after, count, count_range;
    Statement documents;
  };
  struct Found {
    std::int64_t id = 0;  // 0: no such namespace
    Version version = 0;
  };
  SqliteMedium(DirectoryLock lock, std::string path, Options options)
      : lock_(std::move(lock)), path_(std::move(path)), options_(options) {}
  [[nodiscard]] Result<void> start(const std::string& directory);
  // Every change of the file goes through here: work() makes it. An error of it is not the last
  // word: the next change begins with a connection of its own.
  template <class Work>
  [[nodiscard]] Result<void> change(Work work);
  [[nodiscard]] Result<void> make_ready();
  [[nodiscard]] Result<void> prepare_writer();
  [[nodiscard]] Result<Reader> open_reader() const;

  [[nodiscard]] Result<void> write_group(std::span<const Batch> group);
  [[nodiscard]] Result<void> write_batch(const Batch& batch);
  [[nodiscard]] Result<void> write_one(std::int64_t id, const Write& write);
  [[nodiscard]] Result<std::int64_t> namespace_id(std::string_view ns);

  [[nodiscard]] static Result<Found> find(Reader& reader, std::string_view ns);
  [[nodiscard]] Result<void> read_all(std::int64_t id, const Visit& visit);

  DirectoryLock lock_;
  const std::string path_;
  const Options options_;
  std::mutex writer_mutex_;  // guards the next five
  FileWatch watch_;
  std::string damage_;  // once found, nothing is written any more
  bool reopen_ = false;
  Writer writer_;
  std::unordered_map<std::string, std::int64_t> ids_;  // of writer_: those on disk
  std::mutex reader_mutex_;
  Reader reader_;
};

}  // namespace sluice::store
