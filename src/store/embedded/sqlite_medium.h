// SPDX-License-Identifier: Apache-2.0
// SqliteMedium: one SQLite file in WAL mode; every commit is synced. One connection writes (journal
// and documents), one reads, one checkpoints. Cores do not call it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "store/directory_lock.h"
#include "store/embedded/checkpointer.h"
#include "store/embedded/connection.h"
#include "store/embedded/file_watch.h"
#include "store/embedded/job_writer.h"
#include "store/embedded/mark.h"
#include "store/embedded/wal_vfs.h"
#include "store/medium.h"

namespace sluice::store {

class SqliteMedium final : public Medium {
 public:
  struct Options {
    Durability durability = Durability::disk;
    const char* vfs = nullptr;  // as Connection::open
    Presence presence;
    Logger logger;
    std::string boot = boot_of_machine();
  };
  [[nodiscard]] static Result<std::unique_ptr<Medium>> open(const std::string& directory,
                                                            Options options);

  // Checkpoints everything into the database if possible, and then removes the log.
  ~SqliteMedium() override;

  Result<void> check() override;
  std::string_view durability() const override {
    return options_.durability == Durability::disk ? "disk" : "process";
  }
  Result<void> write(std::span<Batch> group) override;
  Result<bool> stage(std::string_view ns, Bulk& bulk) override;
  void drop_staged(const Bulk& bulk) override;
  Result<bool> finish_some() override;
  Result<Version> version(const std::string& ns) override;
  Result<Version> load(const std::string& ns, const Visit& visit) override;
  Result<std::vector<std::string>> prefixes(const std::string& ns) override;
  Result<void> add_prefix(const std::string& ns, const std::string& prefix) override;
  Result<std::vector<std::string>> namespaces() override;
  Result<Page> list(const std::string& ns, std::string_view prefix, std::string_view after,
                    std::size_t limit) override;
  Result<Version> scan(const std::string& ns, std::string_view prefix,
                       const Store::Visit& visit) override;
  Result<std::uint64_t> count(const std::string& ns, std::string_view prefix) override;
  Result<Documents> documents(std::string_view collection) override;
  std::expected<Version, DocumentFailure> change_documents(
      std::span<const DocumentChange> changes) override;

 private:
  struct Writer {
    Connection connection;
    Statement begin, commit, rollback;
    Statement add_namespace, find_namespace, set_version;
    Statement put, erase;
    Statement put_document, erase_document, add_prefix;
    Statement set_cycle, count_documents, documents_version, document_version;
    JobWriter jobs;
  };
  struct ReadConnection {
    Connection connection;
    Statement begin, commit;
    Statement find_namespace;
    Statement list, merged, count, count_range;
    Statement documents, documents_version, prefixes, namespaces;
    std::string clear_begin, clear_end;  // bound to `merged`
  };
  struct NamespaceRow {
    std::int64_t id = 0;  // 0: no such namespace
    Version version = 0;
    std::int64_t job = 0;  // committed, but not yet moved to `data` completely; 0 for none
    std::optional<std::string> clear;  // the prefix that the job still has to remove from `data`
  };
  SqliteMedium(DirectoryLock lock, std::string path, Options options)
      : lock_(std::move(lock)),
        path_(std::move(path)),
        options_(std::move(options)),
        vfs_(options_.vfs, &mark_) {}
  [[nodiscard]] Result<void> start(const std::string& directory) SLUICE_EXCLUDES(writer_mutex_);
  // Makes the first commit and marks the store as in use.
  [[nodiscard]] Result<void> take_possession(const std::string& store, Version told)
      SLUICE_REQUIRES(writer_mutex_);
  // Every change of the file goes through here: work() makes it. An error of it is not the last
  // word: the next change begins with a connection of its own. `versions`: so many are going to be
  // told; read after work(), which may set it.
  template <class Work>
  [[nodiscard]] Result<void> change(const Version& versions, Work work);
  template <class Work>
  [[nodiscard]] Result<void> change(Work work) {
    return change(0, std::move(work));
  }
  [[nodiscard]] Result<void> make_ready() SLUICE_REQUIRES(writer_mutex_);
  [[nodiscard]] Result<void> prepare_writer() SLUICE_REQUIRES(writer_mutex_);
  [[nodiscard]] Result<ReadConnection> open_reader() const;

  // work() -> Result<void> as one transaction.
  template <class Work>
  [[nodiscard]] Result<void> transact(Work work) SLUICE_REQUIRES(writer_mutex_);
  template <class Work>
  [[nodiscard]] Result<void> take_step(Work work) SLUICE_REQUIRES(writer_mutex_);
  // Raises the cycle if a log has begun since the last raise.
  [[nodiscard]] Result<void> raise_cycle() SLUICE_REQUIRES(writer_mutex_);
  void note_cycle() SLUICE_REQUIRES(writer_mutex_);
  // Returns the refusal of the first change that expects another version than the document has.
  // Requires: a transaction is open.
  [[nodiscard]] Result<std::optional<DocumentFailure>> check_documents(
      std::span<const DocumentChange> changes) SLUICE_REQUIRES(writer_mutex_);
  [[nodiscard]] Result<Version> make_changes(std::span<const DocumentChange> changes)
      SLUICE_REQUIRES(writer_mutex_);
  [[nodiscard]] Result<void> change_document(const DocumentChange& change, Version version)
      SLUICE_REQUIRES(writer_mutex_);
  [[nodiscard]] Result<void> write_batch(const Batch& batch) SLUICE_REQUIRES(writer_mutex_);
  [[nodiscard]] Result<void> write_one(std::int64_t id, const Write& write)
      SLUICE_REQUIRES(writer_mutex_);
  [[nodiscard]] Result<std::int64_t> namespace_id(std::string_view ns)
      SLUICE_REQUIRES(writer_mutex_);

  [[nodiscard]] static Result<NamespaceRow> find(ReadConnection& reader, std::string_view ns);
  // Runs work(found) on one snapshot of the file. The two functions below need it, because the
  // namespace's job may finish at any time.
  template <class Work>
  [[nodiscard]] Result<Version> read(ReadConnection& reader, std::string_view ns, Work work);
  // The first column of all rows.
  Result<std::vector<std::string>> names_of(Statement& statement) SLUICE_REQUIRES(reader_mutex_);
  [[nodiscard]] int list_documents(std::string_view collection, Documents& documents)
      SLUICE_REQUIRES(reader_mutex_);
  [[nodiscard]] std::unexpected<Error> noted(const Connection& connection, Error error)
      SLUICE_EXCLUDES(writer_mutex_);
  // The namespace's entries from `from` on, in key order.
  [[nodiscard]] static Statement& entries(ReadConnection& reader, const NamespaceRow& found,
                                          std::string_view from);
  template <class Each>
  [[nodiscard]] static Result<void> visit_entries(ReadConnection& reader, const NamespaceRow& found,
                                                  std::string_view from, const Each& each);
  [[nodiscard]] Result<void> count_data(const NamespaceRow& found, std::string_view prefix,
                                        std::uint64_t& result) SLUICE_REQUIRES(reader_mutex_);

  DirectoryLock lock_;
  const std::string path_;
  const Options options_;
  Mark mark_;
  const WalVfs vfs_;
  Mutex writer_mutex_;
  bool started_ SLUICE_GUARDED_BY(writer_mutex_) = false;
  std::uint64_t cycle_ SLUICE_GUARDED_BY(writer_mutex_) = 0;       // in the database
  std::uint64_t next_cycle_ SLUICE_GUARDED_BY(writer_mutex_) = 0;  // in the open transaction
  std::uint64_t logs_begun_ SLUICE_GUARDED_BY(writer_mutex_) = 0;  // at the last raise of the cycle
  FileWatch home_ SLUICE_GUARDED_BY(writer_mutex_);                // the database and its mark
  int log_pages_ SLUICE_GUARDED_BY(writer_mutex_) = 0;             // stored by the writer's commits
  FileWatch watch_ SLUICE_GUARDED_BY(writer_mutex_);
  std::string damage_ SLUICE_GUARDED_BY(writer_mutex_);  // once set, nothing is written any more
  bool reopen_ SLUICE_GUARDED_BY(writer_mutex_) = false;
  Writer writer_ SLUICE_GUARDED_BY(writer_mutex_);
  std::unordered_map<std::string, std::int64_t> ids_
      SLUICE_GUARDED_BY(writer_mutex_);  // of writer_: those on disk
  Mutex reader_mutex_ SLUICE_ACQUIRED_BEFORE(writer_mutex_);
  ReadConnection reader_ SLUICE_GUARDED_BY(reader_mutex_);
  Checkpointer checkpointer_{writer_mutex_};
};

}  // namespace sluice::store
