// SPDX-License-Identifier: Apache-2.0
// For tests: the members of a cluster in one process. All see one store in memory, whose owner the
// test names. A member that does not own a namespace follows it, without a delay.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "loop/event_loop.h"
#include "store/run.h"
#include "store/store.h"

namespace sluice::filters::testing {

class FakeCluster {
 public:
  using Fate = store::View::ExchangeFate;
  using Version = store::Version;
  // Asked by View::confirmed(). Called with the number of questions before.
  using Confirm = std::function<Result<void>(int)>;

  // `core_count`: of all members that do not share their cores. Requires: their loops outlive this.
  explicit FakeCluster(unsigned core_count = 1)
      : core_count_(core_count), data_(store::open_memory_store(core_count)) {}

  // --- For the test; any thread ---

  // `member` owns everything from now on, under the next fence; "": nobody does.
  void own(const std::string& member, const std::string& address = "") {
    const MutexLock lock(mutex_);
    if (!member.empty()) ++fence_;
    owner_ = member;
    address_ = address;
    known_.clear();
  }
  [[nodiscard]] store::Fence fence() {
    const MutexLock lock(mutex_);
    return owner_.empty() ? 0 : fence_;
  }
  // Members that do not own: whether they follow.
  void set_follows(bool follows) {
    const MutexLock lock(mutex_);
    follows_ = follows;
  }
  // The fate of all exchanges; nullopt: what has become of them.
  void set_fate(std::optional<Fate> fate) {
    const MutexLock lock(mutex_);
    fate_ = fate;
  }
  // What the owner says that it has sent last.
  void set_sent(Version version, bool sealed = false) {
    const MutexLock lock(mutex_);
    sent_ = version;
    sealed_ = sealed;
  }
  // Null: every read is confirmed at once.
  void set_confirm(Confirm confirm) {
    const MutexLock lock(mutex_);
    confirm_ = std::move(confirm);
    questions_ = 0;
  }
  [[nodiscard]] int questions() {
    const MutexLock lock(mutex_);
    return questions_;
  }
  // Those of the questions.
  [[nodiscard]] std::vector<store::View::Moment> moments() {
    const MutexLock lock(mutex_);
    return moments_;
  }
  // The exchanges of which something was written.
  [[nodiscard]] std::multiset<store::ExchangeId> written() {
    const MutexLock lock(mutex_);
    return written_;
  }
  [[nodiscard]] store::Store& data() { return *data_; }
  // The store as `member` sees it. Members on different threads use different cores of the data:
  // `first_core` is the first of this one.
  [[nodiscard]] std::unique_ptr<store::Store> store_of(const std::string& member,
                                                       unsigned first_core = 0);

 private:
  class MemberView;
  class MemberStore;

  [[nodiscard]] bool is_owner(const std::string& member) {
    const MutexLock lock(mutex_);
    return owner_ == member;
  }
  // Each member gets the same object until the owner changes.
  [[nodiscard]] std::shared_ptr<const store::Owner> owner_for(const std::string& member) {
    const MutexLock lock(mutex_);
    if (owner_.empty()) return nullptr;
    auto& known = known_[member];
    if (!known) {
      known = std::make_shared<const store::Owner>(store::Owner{.member = owner_,
                                                                .incarnation = {},
                                                                .address = address_,
                                                                .fence = fence_,
                                                                .me = owner_ == member});
    }
    return known;
  }

  Mutex mutex_;
  store::Fence fence_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::string owner_ SLUICE_GUARDED_BY(mutex_);
  std::string address_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<const store::Owner>> known_ SLUICE_GUARDED_BY(mutex_);
  bool follows_ SLUICE_GUARDED_BY(mutex_) = true;
  std::optional<Fate> fate_ SLUICE_GUARDED_BY(mutex_);
  Confirm confirm_ SLUICE_GUARDED_BY(mutex_);
  int questions_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::vector<store::View::Moment> moments_ SLUICE_GUARDED_BY(mutex_);
  std::multiset<store::ExchangeId> written_ SLUICE_GUARDED_BY(mutex_);
  Version sent_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool sealed_ SLUICE_GUARDED_BY(mutex_) = false;
  std::map<std::string, store::RandomId> incarnations_ SLUICE_GUARDED_BY(mutex_);
  std::uint64_t exchanges_ SLUICE_GUARDED_BY(mutex_) = 0;
  const unsigned core_count_;
  std::unique_ptr<store::Store> data_;
};

class FakeCluster::MemberView final : public store::View {
 public:
  using Version = store::Version;
  using Commit = store::Commit;
  MemberView(FakeCluster& cluster, std::string member, store::View& data, loop::EventLoop& loop)
      : cluster_(cluster), member_(std::move(member)), data_(data), loop_(loop) {}

  Commit commit(store::Transaction& transaction, const store::ExchangeId* handed) override {
    const bool writes = transaction.has_writes();
    if (!owned() && (writes || !follows())) return {store::CommitStatus::not_owner, 0};
    const Commit commit = data_.commit(transaction, handed);
    if (commit.status == store::CommitStatus::committed && writes && handed != nullptr) {
      const MutexLock lock(cluster_.mutex_);
      cluster_.written_.insert(*handed);
    }
    return commit;
  }
  bool is_durable(Version version) const override { return data_.is_durable(version); }
  bool contains(std::string_view key) override { return data_.contains(key); }
  Task<Result<void>> durable(Version version, TimePoint deadline) override {
    return data_.durable(version, deadline);
  }
  bool owned() const override { return cluster_.is_owner(member_); }
  bool follows() const override {
    const MutexLock lock(cluster_.mutex_);
    return cluster_.owner_ != member_ && cluster_.follows_;
  }
  std::shared_ptr<const store::Owner> owner() const override { return cluster_.owner_for(member_); }
  Task<Result<void>> ownership(TimePoint deadline) override {
    while (!owned()) {
      if (Clock::now() >= deadline) co_return late();
      co_await loop_.sleep_for(kLook);
    }
    co_return Result<void>();
  }
  Task<Result<void>> owner_news(std::shared_ptr<const store::Owner> known,
                                TimePoint deadline) override {
    const bool followed = follows();
    const bool had = owned();
    while (owner() == known && follows() == followed && owned() == had) {
      if (Clock::now() >= deadline) co_return late();
      co_await loop_.sleep_for(kLook);
    }
    co_return Result<void>();
  }
  Moment moment() const override {
    const MutexLock lock(cluster_.mutex_);
    return {.fence = cluster_.owner_ == member_ ? cluster_.fence_ : 0,
            .begun = static_cast<std::uint64_t>(cluster_.questions_)};
  }
  bool is_confirmed(const Moment& /*moment*/, Version /*version*/) const override {
    const MutexLock lock(cluster_.mutex_);
    return !cluster_.confirm_;
  }
  Task<Result<void>> confirmed(Moment& moment, Version /*version*/, TimePoint deadline) override {
    co_await loop_.yield();
    Result<void> said = ask(moment);
    if (!said && said.error().kind == ErrorKind::timed_out) co_await loop_.sleep_until(deadline);
    co_return said;
  }
  Task<Result<store::OwnerAnswer>> last_sent(TimePoint) override {
    if (!owned()) co_return fail(ErrorKind::lost, "another member owns it");
    const MutexLock lock(cluster_.mutex_);
    co_return store::OwnerAnswer{.version = cluster_.sent_, .sealed = cluster_.sealed_};
  }
  Task<Result<void>> opened(TimePoint deadline) override { return data_.opened(deadline); }
  store::ExchangeId new_exchange() override {
    const MutexLock lock(cluster_.mutex_);
    return {cluster_.incarnations_.try_emplace(member_, store::RandomId::make()).first->second,
            ++cluster_.exchanges_};
  }
  Task<Result<ExchangeFate>> fate_of(store::ExchangeId id, store::Fence fence,
                                     TimePoint deadline) override {
    while (cluster_.fence() == fence) {
      if (Clock::now() >= deadline) co_return late();
      co_await loop_.sleep_for(kLook);
    }
    const MutexLock lock(cluster_.mutex_);
    if (cluster_.fate_) co_return *cluster_.fate_;
    co_return cluster_.written_.contains(id) ? ExchangeFate::written : ExchangeFate::not_run;
  }
  Task<Result<void>> counted(TimePoint deadline) override { return data_.counted(deadline); }
  Task<Result<Turn>> turn(TimePoint deadline) override { return data_.turn(deadline); }

 protected:
  void end_turn(std::uint64_t) override {}
  // A Run is of the data's view, and goes back to it.
  std::unique_ptr<store::Run> lend_run() override { return lend_run_of(data_); }
  void take_back(std::unique_ptr<store::Run>) override {}
  void restart_run(store::Run&) override {}

 private:
  static constexpr Duration kLook = std::chrono::milliseconds(1);
  static std::unexpected<Error> late() {
    return fail(ErrorKind::timed_out, "nobody owns this shared data, for too long");
  }
  Result<void> ask(const Moment& moment) {
    Confirm confirm;
    int number = 0;
    {
      const MutexLock lock(cluster_.mutex_);
      cluster_.moments_.push_back(moment);
      confirm = cluster_.confirm_;
      number = cluster_.questions_++;
    }
    return confirm ? confirm(number) : Result<void>();
  }

  FakeCluster& cluster_;
  const std::string member_;
  store::View& data_;
  loop::EventLoop& loop_;
};

class FakeCluster::MemberStore final : public store::Store {
 public:
  MemberStore(FakeCluster& cluster, std::string member, unsigned first_core)
      : cluster_(cluster),
        data_(cluster.data()),
        member_(std::move(member)),
        first_core_(first_core) {}

  Result<void> prepare(const std::string& ns) override { return data_.prepare(ns); }
  store::View& view(const loop::Core& core, const std::string& ns) override {
    const MutexLock lock(mutex_);
    auto& view = views_[{core.index, ns}];
    if (!view) {
      const loop::Core there{core.loop, first_core_ + core.index, cluster_.core_count_};
      view = std::make_shared<MemberView>(cluster_, member_, data_.view(there, ns), core.loop);
    }
    return *view;
  }
  bool is_shared() const override { return true; }

  // The rest is that of the data.
  Result<store::Page> list(const std::string& ns, std::string_view prefix, std::string_view after,
                           std::size_t limit) override {
    return data_.list(ns, prefix, after, limit);
  }
  Result<store::Version> scan(const std::string& ns, std::string_view prefix,
                              const Visit& visit) override {
    return data_.scan(ns, prefix, visit);
  }
  Result<std::unique_ptr<store::BulkImport>> begin_import(const std::string& ns) override {
    return data_.begin_import(ns);
  }
  Result<void> apply(const std::string& ns, std::vector<store::Entry> entries) override {
    return data_.apply(ns, std::move(entries));
  }
  Result<void> erase_all(const std::string& ns, std::string_view prefix) override {
    return data_.erase_all(ns, prefix);
  }
  Result<void> erase(const std::string& ns, std::string_view key) override {
    return data_.erase(ns, key);
  }
  Result<std::uint64_t> count(const std::string& ns, std::string_view prefix) override {
    return data_.count(ns, prefix);
  }
  store::NamespaceStatus status(const std::string& ns) const override { return data_.status(ns); }
  Result<std::vector<std::string>> namespaces() override { return data_.namespaces(); }
  Result<store::Documents> documents(std::string_view collection) override {
    return documents_->documents(collection);
  }
  std::expected<store::Version, store::DocumentFailure> change_documents(
      std::span<const store::DocumentChange> changes) override {
    return documents_->change_documents(changes);
  }
  Result<store::DocumentNews> document_news(store::Version after, TimePoint deadline) override {
    return documents_->document_news(after, deadline);
  }
  std::string health() const override { return data_.health(); }
  store::WriteStatistics write_statistics() const override { return data_.write_statistics(); }

 private:
  FakeCluster& cluster_;
  store::Store& data_;
  // Its own: members of one process cannot listen on the same ports.
  const std::unique_ptr<store::Store> documents_ = store::open_memory_store(1);
  const std::string member_;
  const unsigned first_core_;
  Mutex mutex_;
  std::map<std::pair<unsigned, std::string>, std::shared_ptr<MemberView>> views_
      SLUICE_GUARDED_BY(mutex_);
};

inline std::unique_ptr<store::Store> FakeCluster::store_of(const std::string& member,
                                                           unsigned first_core) {
  return std::make_unique<MemberStore>(*this, member, first_core);
}

}  // namespace sluice::filters::testing
