// SPDX-License-Identifier: Apache-2.0
// For tests: faults between the medium and the client. The transactions that a test chooses lose
// their answers, arrive late or not at all, or are refused; watches are held; a process stands
// still or is gone.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "loop/event_loop.h"
#include "store/etcd/kv.h"

namespace sluice::store {

enum class KvFault {
  none,
  answer_lost,  // applied
  late,         // no answer; applied by deliver()
  lost,         // no answer; never applied
  silent,       // likewise, and only the deadline of the call ends it
  no_space,     // refused, with an outcome that is not certain
  too_large,    // refused as invalid
};

// Any thread.
class KvFaults {
 public:
  using Choose = std::function<KvFault(const pb::TxnRequest&)>;
  // While it lives, `choose` decides. Afterwards nobody calls `choose`, which may refer to locals
  // of the test: declare the Chosen behind them.
  class Chosen {
   public:
    Chosen(KvFaults& faults, Choose choose) : faults_(faults) { faults.set(std::move(choose)); }
    ~Chosen() { end(); }
    Chosen(const Chosen&) = delete;
    Chosen& operator=(const Chosen&) = delete;
    void end() { faults_.set({}); }

   private:
    KvFaults& faults_;
  };
  [[nodiscard]] Chosen choose(Choose choose) { return {*this, std::move(choose)}; }
  // Holds what watches bring, until release_watches().
  void hold_watches() {
    const MutexLock lock(mutex_);
    held_ = true;
  }
  void release_watches() {
    const MutexLock lock(mutex_);
    held_ = false;
  }
  [[nodiscard]] bool watches_are_held() {
    const MutexLock lock(mutex_);
    return held_;
  }
  // Holds every call and every answer, until go_on(). A call whose deadline comes meanwhile has no
  // answer, and was perhaps applied.
  void stall() { stalled_ = true; }
  // Likewise, but calls leave.
  void stall_answers() { answers_stalled_ = true; }
  void go_on() { stalled_ = answers_stalled_ = false; }
  [[nodiscard]] bool answers_are_stalled() const { return stalled_ || answers_stalled_; }
  [[nodiscard]] bool is_stalled() const { return stalled_; }
  // From now on nothing leaves, and nothing comes back, as after the end of the process.
  void cut() { cut_ = true; }
  [[nodiscard]] bool is_cut() const { return cut_; }
  // Reads of keys that end so are not answered; "": all are.
  void refuse_reads(std::string suffix) {
    const MutexLock lock(mutex_);
    unread_ = std::move(suffix);
  }
  [[nodiscard]] bool is_unread(const std::string& key) {
    const MutexLock lock(mutex_);
    const bool unread = !unread_.empty() && key.ends_with(unread_);
    if (unread) ++reads_refused_;
    return unread;
  }
  [[nodiscard]] int reads_refused() {
    const MutexLock lock(mutex_);
    return reads_refused_;
  }
  // Ends the watches that exist.
  void end_watches() {
    const MutexLock lock(mutex_);
    ++ended_;
  }
  // No watch can begin.
  void refuse_watches(bool refused) {
    const MutexLock lock(mutex_);
    refused_ = refused;
  }
  [[nodiscard]] bool watches_are_refused() {
    const MutexLock lock(mutex_);
    return refused_;
  }
  [[nodiscard]] int ended_watches() {
    const MutexLock lock(mutex_);
    return ended_;
  }
  // The number of watches that exist.
  [[nodiscard]] std::atomic<int>& watches() { return watches_; }
  [[nodiscard]] KvFault of(const pb::TxnRequest& txn) {
    std::shared_ptr<const Choose> choose;
    {
      const MutexLock lock(mutex_);
      ++sent_;
      ++choosing_;
      choose = choose_;
    }
    const KvFault fault = *choose ? (*choose)(txn) : KvFault::none;
    const MutexLock lock(mutex_);
    --choosing_;
    idle_.notify_all();
    return fault;
  }
  void keep(const pb::TxnRequest& txn) {
    const MutexLock lock(mutex_);
    late_.push_back(txn);
  }
  // The transactions that were held back, oldest first.
  [[nodiscard]] std::vector<pb::TxnRequest> take_late() {
    const MutexLock lock(mutex_);
    return std::exchange(late_, {});
  }
  // A range of more keys than this has no answer in time; after that many tries (or never), all
  // ranges have one.
  void answer_ranges_up_to(std::int64_t keys, int failures = std::numeric_limits<int>::max()) {
    range_keys_max_ = keys;
    slow_ranges_left_ = failures;
  }
  [[nodiscard]] bool is_slow(const pb::RangeResponse& answer) {
    return answer.count() > range_keys_max_ && slow_ranges_left_-- > 0;
  }
  // The ranges that were asked for, slow ones too.
  struct AskedRange {
    std::string key;
    std::int64_t revision;
  };
  void note_asked(const pb::RangeRequest& request) {
    const MutexLock lock(mutex_);
    asked_.push_back({request.key(), request.revision()});
  }
  [[nodiscard]] std::vector<AskedRange> take_asked() {
    const MutexLock lock(mutex_);
    return std::exchange(asked_, {});
  }
  // So many leases end as soon as they are granted.
  [[nodiscard]] std::atomic<int>& leases_that_end() { return leases_that_end_; }
  // The keys that etcd has gone through in its index, to answer ranges.
  [[nodiscard]] std::int64_t index_keys() const { return index_keys_; }
  void note_range(const pb::RangeResponse& answer) { index_keys_ += answer.count(); }
  // For how long the callers of silent transactions would have waited, in order.
  void note_patience(Duration patience) {
    const MutexLock lock(mutex_);
    patience_.push_back(patience);
  }
  [[nodiscard]] std::vector<Duration> patience() {
    const MutexLock lock(mutex_);
    return patience_;
  }
  [[nodiscard]] std::atomic<bool>& grants_no_lease() { return grants_no_lease_; }
  // etcd says that it has this version.
  void set_version(std::string version) {
    const MutexLock lock(mutex_);
    version_ = std::move(version);
  }
  [[nodiscard]] std::string version() {
    const MutexLock lock(mutex_);
    return version_;
  }
  // etcd says that it is this cluster; 0: the truth.
  void set_cluster(std::uint64_t cluster) { cluster_ = cluster; }
  [[nodiscard]] std::uint64_t cluster() const { return cluster_; }
  // The number of transactions.
  [[nodiscard]] int sent() {
    const MutexLock lock(mutex_);
    return sent_;
  }

 private:
  // Waits for the calls of the function before.
  void set(Choose choose) {
    const MutexLock lock(mutex_);
    choose_ = std::make_shared<const Choose>(std::move(choose));
    while (choosing_ > 0) idle_.wait(mutex_);
  }

  Mutex mutex_;
  Condition idle_;
  int choosing_ SLUICE_GUARDED_BY(mutex_) = 0;  // calls of choose_ in progress
  std::shared_ptr<const Choose> choose_ SLUICE_GUARDED_BY(mutex_) =
      std::make_shared<const Choose>();
  bool held_ SLUICE_GUARDED_BY(mutex_) = false;
  bool refused_ SLUICE_GUARDED_BY(mutex_) = false;
  int ended_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::atomic<int> watches_ = 0;
  std::atomic<bool> stalled_ = false;
  std::atomic<bool> answers_stalled_ = false;
  std::atomic<bool> cut_ = false;
  std::atomic<bool> grants_no_lease_ = false;
  std::vector<Duration> patience_ SLUICE_GUARDED_BY(mutex_);
  std::atomic<std::int64_t> index_keys_ = 0;
  std::atomic<std::int64_t> range_keys_max_ = std::numeric_limits<std::int64_t>::max();
  std::atomic<int> slow_ranges_left_ = 0;
  std::atomic<int> leases_that_end_ = 0;
  std::vector<AskedRange> asked_ SLUICE_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> cluster_ = 0;
  std::vector<pb::TxnRequest> late_ SLUICE_GUARDED_BY(mutex_);
  int sent_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::string version_ SLUICE_GUARDED_BY(mutex_);
  std::string unread_ SLUICE_GUARDED_BY(mutex_);
  int reads_refused_ SLUICE_GUARDED_BY(mutex_) = 0;
};

// The kinds of transactions.
inline bool puts(const pb::RequestOp& operation, std::string_view end) {
  return operation.has_request_put() && operation.request_put().key().ends_with(end);
}
inline bool is_take(const pb::TxnRequest& txn) {
  return txn.success_size() > 1 && puts(txn.success(1), "/owner");
}
inline bool is_group(const pb::TxnRequest& txn) {
  return txn.success_size() > 0 && puts(txn.success(txn.success_size() - 1), "/seq");
}
inline bool is_group_of(const pb::TxnRequest& txn, std::string_view ns) {
  return is_group(txn) && txn.compare(0).key().ends_with("/" + std::string(ns) + "/owner");
}
inline bool is_change(const pb::TxnRequest& txn) {
  return txn.success_size() > 0 && puts(txn.success(txn.success_size() - 1), "/documents");
}
// Of a new epoch.
inline bool is_step(const pb::TxnRequest& txn) {
  return txn.compare_size() == 2 && !is_group(txn) && !is_change(txn) &&
         txn.compare(1).key().ends_with("/seq");
}

class FaultyKv final : public Kv {
 public:
  FaultyKv(loop::EventLoop& loop, std::unique_ptr<Kv> kv, std::shared_ptr<KvFaults> faults)
      : loop_(loop), kv_(std::move(kv)), faults_(std::move(faults)) {}

  Task<etcd::CallReply<pb::RangeResponse>> range(const pb::RangeRequest& request,
                                                 etcd::CallOptions options) override {
    if (faults_->is_unread(request.key())) co_return std::unexpected(failure(KvFault::lost));
    Task<etcd::CallReply<pb::RangeResponse>> call = kv_->range(request, options);
    faults_->note_asked(request);
    auto reply = co_await of_cluster(held(std::move(call), options.deadline));
    if (reply) faults_->note_range(*reply);
    if (reply && faults_->is_slow(*reply)) co_return std::unexpected(failure(KvFault::silent));
    co_return reply;
  }
  Task<etcd::CallReply<pb::TxnResponse>> txn(const pb::TxnRequest& request,
                                             etcd::CallOptions options) override {
    const KvFault fault = faults_->is_cut() ? KvFault::lost : faults_->of(request);
    if (fault == KvFault::none) {
      Task<etcd::CallReply<pb::TxnResponse>> call = kv_->txn(request, options);
      co_return co_await of_cluster(held(std::move(call), options.deadline));
    }
    if (fault == KvFault::answer_lost) (void)co_await kv_->txn(request, options);
    if (fault == KvFault::late) faults_->keep(request);
    if (fault == KvFault::silent) {
      faults_->note_patience(options.deadline - Clock::now());
      co_await loop_.sleep_until(options.deadline);
    }
    co_return std::unexpected(failure(fault));
  }
  Task<etcd::CallReply<pb::LeaseGrantResponse>> lease_grant(const pb::LeaseGrantRequest& request,
                                                            etcd::CallOptions options) override {
    if (faults_->grants_no_lease()) co_return std::unexpected(failure(KvFault::lost));
    Task<etcd::CallReply<pb::LeaseGrantResponse>> call = kv_->lease_grant(request, options);
    auto reply = co_await held(std::move(call), options.deadline);
    if (reply && faults_->leases_that_end() > 0) {
      --faults_->leases_that_end();
      (void)co_await kv_->lease_revoke(request.id(), options);
    }
    co_return reply;
  }
  Task<etcd::CallReply<pb::LeaseRevokeResponse>> lease_revoke(std::int64_t id,
                                                              etcd::CallOptions options) override {
    return held(kv_->lease_revoke(id, options), options.deadline);
  }
  Task<etcd::CallReply<pb::LeaseKeepAliveResponse>> lease_keep_alive(
      std::int64_t id, etcd::CallOptions options) override {
    return held(kv_->lease_keep_alive(id, options), options.deadline);
  }
  Task<etcd::CallReply<pb::StatusResponse>> status(etcd::CallOptions options) override {
    auto reply = co_await kv_->status(options);
    if (reply && !faults_->version().empty()) reply->set_version(faults_->version());
    co_return reply;
  }
  std::unique_ptr<KvWatch> watch(etcd::WatchOptions options) override {
    return std::make_unique<HeldWatch>(*this, kv_->watch(std::move(options)));
  }

 private:
  class HeldWatch final : public KvWatch {
   public:
    HeldWatch(FaultyKv& kv, std::unique_ptr<KvWatch> watch)
        : kv_(kv), watch_(std::move(watch)), ended_before_(kv.faults_->ended_watches()) {
      ++kv_.faults_->watches();
    }
    ~HeldWatch() override { --kv_.faults_->watches(); }
    etcd::EndpointIndex endpoint() const override { return watch_->endpoint(); }
    Task<etcd::WatchReply<pb::ResponseHeader>> start(TimePoint deadline) override {
      if (kv_.faults_->watches_are_refused() || kv_.faults_->is_cut()) {
        co_return std::unexpected(ended());
      }
      co_return co_await watch_->start(deadline);
    }
    Task<etcd::WatchReply<pb::WatchResponse>> next(TimePoint deadline) override {
      while (true) {
        const TimePoint look = std::min(deadline, Clock::now() + std::chrono::milliseconds(5));
        auto reply = co_await watch_->next(look);
        while (kv_.faults_->watches_are_held() || kv_.faults_->is_stalled()) {
          co_await kv_.loop_.sleep_for(std::chrono::milliseconds(1));
        }
        const bool over = kv_.faults_->ended_watches() != ended_before_ || kv_.faults_->is_cut();
        if (over) co_return std::unexpected(ended());
        const bool late = !reply && reply.error().why == etcd::WatchFailure::Why::timed_out;
        if (!late || look == deadline) co_return reply;
      }
    }

   private:
    FaultyKv& kv_;
    const std::unique_ptr<KvWatch> watch_;
    const int ended_before_;
  };

  // Requires: `call` has not been started.
  template <class Response>
  Task<etcd::CallReply<Response>> held(Task<etcd::CallReply<Response>> call, TimePoint deadline) {
    while (faults_->is_stalled() && may_wait(deadline)) {
      co_await loop_.sleep_for(std::chrono::milliseconds(1));
    }
    if (faults_->is_stalled() || faults_->is_cut())
      co_return std::unexpected(failure(KvFault::lost));
    auto reply = co_await std::move(call);
    while (faults_->answers_are_stalled() && may_wait(deadline)) {
      co_await loop_.sleep_for(std::chrono::milliseconds(1));
    }
    const bool lost = faults_->answers_are_stalled() || faults_->is_cut();
    if (lost) co_return std::unexpected(failure(KvFault::lost));
    co_return reply;
  }
  bool may_wait(TimePoint deadline) const { return !faults_->is_cut() && Clock::now() < deadline; }
  template <class Response>
  Task<etcd::CallReply<Response>> of_cluster(Task<etcd::CallReply<Response>> call) {
    auto reply = co_await std::move(call);
    if (reply && faults_->cluster() != 0) {
      reply->mutable_header()->set_cluster_id(faults_->cluster());
    }
    co_return reply;
  }
  static etcd::WatchFailure ended() {
    etcd::WatchFailure failure;
    failure.error = {ErrorKind::unavailable, "a fault of the test"};
    return failure;
  }
  static etcd::CallFailure failure(KvFault fault) {
    etcd::CallFailure failure;
    failure.status = fault == KvFault::no_space    ? etcd::Status::resource_exhausted
                     : fault == KvFault::too_large ? etcd::Status::invalid_argument
                     : fault == KvFault::silent    ? etcd::Status::deadline_exceeded
                                                   : etcd::Status::unavailable;
    failure.certainty =
        fault == KvFault::too_large ? etcd::Certainty::refused : etcd::Certainty::unknown;
    failure.error = {ErrorKind::unavailable, "a fault of the test"};
    return failure;
  }

  loop::EventLoop& loop_;
  const std::unique_ptr<Kv> kv_;
  const std::shared_ptr<KvFaults> faults_;
};

}  // namespace sluice::store
