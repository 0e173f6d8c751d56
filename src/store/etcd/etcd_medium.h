// SPDX-License-Identifier: Apache-2.0
// EtcdMedium: the shared data and the documents of a cluster in etcd. A thread of its own talks to
// etcd; the functions of Medium block their callers, each for a time with a bound (context.h).
//
//   keys.h        the names in etcd       seq.h              the end of a namespace's chain
//   membership.h  the lease, the name     namespace_claim.h  the taking of a namespace
//   tenure.h      one ownership: groups,  documents.h        the documents and their watch
//                 confirmations, epochs
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "loop/loop_thread.h"
#include "store/etcd/kv.h"
#include "store/etcd/observer.h"
#include "store/etcd/paged_reads.h"
#include "store/etcd/tenure.h"
#include "store/medium.h"

namespace sluice::store {

class EtcdMedium final : public Medium {
 public:
  struct Options {
    EtcdOptions etcd;
    // A bulk change of at most so many writes is one group.
    std::size_t small_bulk_max = 1000;
    std::int64_t page_keys_max = 10'000;
    EtcdPatience patience{};
    // Tests put faults between the medium and the client. On the medium's thread.
    std::function<std::unique_ptr<Kv>(const loop::Core& core, std::unique_ptr<Kv> client)> wrap{};
    Logger logger{};
  };
  // Joins the cluster. Errors: as of open_etcd_store().
  [[nodiscard]] static Result<std::unique_ptr<EtcdMedium>> open(Options options);
  // Limits under which every run fits into a transaction.
  [[nodiscard]] static Limits limit(Limits limits);
  // Gives all namespaces up in order, and leaves the cluster.
  ~EtcdMedium() override;

  bool may_lose() const override { return true; }
  Duration gathering() const override;
  void on_news(std::function<void()> ring) override;
  std::vector<News> take_news() override;
  Result<std::optional<Fence>> acquire(const std::string& ns,
                                       const std::shared_ptr<Outlook>& outlook) override;
  RandomId incarnation() const override;
  bool can_follow() const override { return true; }
  void attend(Audience& audience) override;
  Result<Followed> follow(const std::string& ns, TimePoint until, const Visit& visit) override;
  void listen(const std::string& ns, Following following) override;
  Result<std::optional<Version>> own_followed(const std::string& ns, Following following,
                                              Fence fence) override;
  void stop_following(const std::string& ns, Fence fence) override;
  // Gives the namespace up in order, so that another member takes it at once. This one leaves it to
  // the others for a moment. Its runs that are not durable are lost. Any thread but a worker's and
  // the journal's; returns before the end of the ownership.
  void retire(const std::string& ns);
  Duration word_max() const override { return word_max_; }
  std::optional<LimitState> limit_of(const std::string& ns) override;
  bool feed(DocumentLog& log) override;
  std::optional<Result<void>> begin_write(Batch& batch) override;
  std::vector<Written> take_written() override;
  Result<void> check() override;
  void end_reads() override;
  std::string_view durability() const override { return "cluster"; }
  Result<bool> stage(std::string_view ns, Bulk& bulk) override;
  void drop_staged(const Bulk& bulk) override;
  Result<bool> finish_some() override;
  Result<Version> version(const std::string& ns) override;
  Result<Version> load(const std::string& ns, const Visit& visit) override;
  // Counters of prefixes are not kept: a member counts them when it takes the namespace.
  Result<std::vector<std::string>> prefixes(const std::string& /*ns*/) override {
    return std::vector<std::string>();
  }
  Result<void> add_prefix(const std::string& /*ns*/, const std::string& /*prefix*/) override {
    return {};
  }
  Result<std::vector<std::string>> namespaces() override;
  Result<Page> list(const std::string& ns, std::string_view prefix, std::string_view after,
                    std::size_t limit) override;
  Result<Version> scan(const std::string& ns, std::string_view prefix,
                       const Store::Visit& visit) override;
  Result<std::uint64_t> count(const std::string& ns, std::string_view prefix) override;
  // etcd_medium_members.cc
  Result<std::vector<Store::Member>> members() override;
  Result<void> purge_member(const std::string& name) override;
  void set_note(const std::string& key, std::optional<std::string> value) override;
  Result<std::vector<Store::Note>> notes(std::string_view prefix) override;
  Result<std::vector<Store::OwnedNamespace>> owners() override;
  Result<void> move(const std::string& ns, const std::string& member) override;
  void resign() override;
  Result<Documents> documents(std::string_view collection) override;
  std::expected<Version, DocumentFailure> change_documents(
      std::span<const DocumentChange> changes) override;

 private:
  // The end of a chain, and the revision at which it was read. `revision` 0: never written.
  struct ChainEnd {
    Seq seq;
    std::int64_t revision = 0;  // of `seq`
    std::int64_t at = 0;
    std::int64_t puts = 0;  // of `seq`
  };
  explicit EtcdMedium(Options options);
  void ring();
  void note_written(Written written);  // on the medium's thread
  [[nodiscard]] Result<void> start(Keys keys);

  // etcd_medium_reader.cc; they block.
  [[nodiscard]] Result<void> confirm_cluster();
  // `at`: the revision; 0: the newest. `until` as of PagedReads.
  [[nodiscard]] Result<ChainEnd> end_of(const std::string& ns, PagedReads::Tries tries,
                                        std::int64_t at = 0, TimePoint until = TimePoint::max());
  // Visits all entries of the namespace and checks them. `until` as of follow().
  [[nodiscard]] Result<Contents> read_contents(const std::string& ns, const ChainEnd& end,
                                               TimePoint until, const Visit& visit);
  [[nodiscard]] Result<Observer::State> read_state(const std::string& ns, std::int64_t at,
                                                   TimePoint until, const Visit& visit);
  // Calls visit() for each namespace that has a key in etcd, in the order of the keys.
  using EachNamespace = std::function<Result<void>(const std::string& ns)>;
  [[nodiscard]] Result<void> each_namespace(const EachNamespace& visit);
  [[nodiscard]] Result<std::vector<Epoch>> epochs_between(const std::string& ns,
                                                          const std::string& from,
                                                          const std::string& to);
  // The epochs in etcd that `seq` does not name.
  [[nodiscard]] Result<std::vector<Epoch>> dead_epochs(const std::string& ns, const ChainEnd& end);

  const Options options_;
  std::function<void()> ring_;  // set before the first namespace is acquired
  std::atomic<bool> has_news_{false};
  Mutex written_mutex_;
  std::vector<Written> written_ SLUICE_GUARDED_BY(written_mutex_);
  TimePoint finished_{};  // of the journal's thread: finish_some() had nothing to do
  Duration word_max_{};
  loop::LoopThread thread_;
  std::unique_ptr<EtcdParts> parts_;  // of the thread
  std::unique_ptr<PagedReads> reads_;
  const etcd::Client* client_ = nullptr;  // of the thread; parts_ owns it
  std::unique_ptr<Keys> keys_;
};

}  // namespace sluice::store
