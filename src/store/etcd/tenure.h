// SPDX-License-Identifier: Apache-2.0
// Tenure: one ownership of a namespace by this process. It writes the groups of the chain, each as
// one transaction that compares the fence and the group before. Core-bound. One call that returns a
// Task is in progress at a time: the journal sees to it (Medium::begin_write).
//
// A transaction without an answer may be applied at any later time. So it stays until its outcome
// is known, and nothing else is sent meanwhile: the same request again, until it succeeds or its
// compares fail. `seq` then tells whether an earlier copy was applied.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/boot_clock.h"
#include "store/etcd/checksum.h"
#include "store/etcd/context.h"
#include "store/etcd/page_ranges.h"
#include "store/etcd/requests.h"
#include "store/medium.h"

namespace sluice::store {

class Tenure {
 public:
  // `writes_from`: no older permit to read is alive then.
  Tenure(EtcdContext& context, std::string ns, Fence fence, BootTime writes_from);

  [[nodiscard]] const std::string& ns() const { return ns_; }
  [[nodiscard]] Fence fence() const { return fence_; }
  [[nodiscard]] BootTime writes_from() const { return writes_from_; }

  // The state that this ownership begins with.
  struct ChainState {
    Seq seq;
    std::int64_t revision = 0;  // of `seq`
    Contents contents;
    std::vector<Epoch> dead;  // epochs that are to be cleared
  };
  // Once, before write(). A second state is ignored: write() may have changed the first.
  void install(ChainState state);

  // The fence is over, as a watch says, and no group is later than `revision`; 0: unknown.
  void note_over(std::int64_t revision) {
    over_ = true;
    if (over_at_ == 0) over_at_ = revision;
  }
  [[nodiscard]] bool is_over() const { return over_; }
  // etcd takes no transaction of this ownership: another member may fare better.
  [[nodiscard]] bool has_given_up() const { return gave_up_; }
  // This process is to give the namespace up. The journal ends the chain first; then release().
  void retire() { retired_ = true; }
  [[nodiscard]] bool is_ending() const { return over_ || retired_; }
  // That of the last group whose outcome is known; none: there has never been one, or install() is
  // missing.
  [[nodiscard]] std::optional<LimitState> limit() const {
    return state_ ? state_->seq.limit_state() : std::nullopt;
  }
  // The journal has learnt that everything up to `version` is durable.
  void note_told(Version version) { told_ = std::max(told_, version); }
  // There are commits whose fate the journal has not learnt. It will call write() again.
  [[nodiscard]] bool is_unresolved() const {
    return is_writing_ || pending_ != nullptr || (state_ && state_->seq.version > told_);
  }
  // From the begin of write() until the journal has learnt the outcome.
  [[nodiscard]] bool is_writing() const { return is_writing_; }
  void set_writing(bool writes) { is_writing_ = writes; }

  // Medium::begin_write for a batch of this fence. While the outcome of a transaction is open, this
  // waits for at most EtcdContext::open_max.
  [[nodiscard]] Task<Result<void>> write(Batch& batch);
  // Medium::stage, drop_staged and finish_some. A step that etcd does not take in time is tried
  // again by the next calls, until EtcdPatience::step_max. Other calls may come between.
  [[nodiscard]] Task<Result<bool>> stage(Bulk& bulk);
  void drop(const Bulk& bulk);
  [[nodiscard]] Task<Result<bool>> clear_some();
  [[nodiscard]] bool builds(const Bulk& bulk) const {
    return building_ != nullptr && building_->bulk == &bulk;
  }
  // Gives the namespace up in order: resolves the last group and removes `owner`. Requires: no core
  // answers from this ownership any more.
  [[nodiscard]] Task<Result<void>> release(TimePoint deadline);

 private:
  // Key and value; none: it is erased.
  using DirtyKeys = std::map<std::string, std::optional<std::string>, std::less<>>;
  // A transaction that was, or will be, sent.
  struct PendingTxn {
    pb::TxnRequest request;
    Seq seq;  // after it
    std::vector<Contents::EntryChange> changes;
    // Of a bulk change: the contents of the new epoch.
    std::optional<Contents> contents{};
    DirtyKeys dirty{};  // for Building::dirty
    std::optional<BootTime> first_sent{};
    etcd::EndpointIndex endpoint = etcd::kAnyEndpoint;  // of the last copy
    Duration attempt{};                                 // of the next copy
    bool refused = false;                               // etcd will never take it
    bool given_up = false;                              // give_up() has begun
    // etcd has taken something else of this process since then.
    std::optional<TimePoint> others_pass{};
    int failures = 0;  // of copies, since then
  };
  // The tries of a step. After a failure by time, a step is smaller and may take longer.
  struct StepTries {
    explicit StepTries(const EtcdPatience& patience) : attempt(patience.first_step) {}
    [[nodiscard]] etcd::CallOptions options() const;
    void note_success(const EtcdPatience& patience);
    void note_failure(const etcd::CallFailure& failure, const EtcdPatience& patience);

    Duration attempt;                        // of the next try
    Duration pause = kFirstRetry;            // before it
    std::size_t bytes_max = kGroupBytesMax;  // of a step
    etcd::EndpointIndex avoid = etcd::kAnyEndpoint;
    std::optional<TimePoint> failing_since{};  // the first failure in a row
    bool again = false;                        // the last failure is to be followed by a try
  };
  // The making of a new epoch.
  struct Building {
    const Bulk* bulk;
    Epoch epoch;
    Contents contents;  // what the new epoch holds so far
    std::string next;   // all keys below it are copied
    PageRanges pages;   // of the epoch that is copied
    bool copying = true;
    std::size_t put = 0;  // how many of bulk->puts are in the epoch
    DirtyKeys dirty;      // copied, and changed since
    // Keys below it may be in the epoch: a step that has no answer may have had its effect.
    std::string reached{};
    bool reached_end = false;  // all keys may be in it
    StepTries tries;
  };
  // The removal of an epoch that is dead.
  struct Clearing {
    Epoch epoch;
    PageRanges pages;
    StepTries tries;
    TimePoint rests_until{};
  };
  // Owner and `seq`, as the other branch of a transaction reads them.
  struct OwnerStanding {
    bool mine = false;  // `owner` exists since the fence of this ownership
    Seq seq;
    std::int64_t revision = 0;
  };

  // tenure.cc
  void add_compares(pb::TxnRequest& txn) const;
  [[nodiscard]] Result<OwnerStanding> standing(const pb::TxnResponse& response) const;
  [[nodiscard]] Task<Result<void>> settle(TimePoint deadline);
  [[nodiscard]] Task<Result<void>> judge(const pb::TxnResponse& response);
  // The state of `seq` when the fence was over.
  [[nodiscard]] Task<std::optional<Seq>> recall();
  void commit(std::int64_t revision);
  // Tells the journal which commits of the batch are durable, and that the others are lost.
  void end(Batch& batch);
  [[nodiscard]] Task<Result<void>> confirm(TimePoint deadline);
  [[nodiscard]] Task<Result<void>> write_some(const Batch& batch);
  // etcd takes writes of this process, and not the pending transaction.
  [[nodiscard]] bool is_stuck();
  [[nodiscard]] Task<void> look_at_others();
  // Ends this ownership, so that the outcome of a transaction that etcd does not take is known.
  [[nodiscard]] Task<Result<void>> give_up(TimePoint deadline);
  void stop(const std::string& reason);

  // tenure_groups.cc
  void make_group(const Batch& batch);
  [[nodiscard]] std::unique_ptr<PendingTxn> new_pending(Seq seq,
                                                        std::vector<Contents::EntryChange> changes,
                                                        Packs packs) const;
  // The key was copied to the new epoch, and has to be copied again when it changes.
  [[nodiscard]] bool is_copied(std::string_view key) const;
  // The version of a node of the batch, as etcd counts.
  [[nodiscard]] static Version version_of(const Batch& batch, const Node& node) {
    return batch.version - (batch.last->version - node.version);
  }
  // The first node that no group has. Requires: there is one.
  [[nodiscard]] const Node* first_unwritten(const Batch& batch) const;

  // tenure_bulk.cc
  // Makes pending_, or finds that the fence is over.
  [[nodiscard]] Task<Result<void>> make_bulk(Bulk& bulk, Version version);
  // The keys that a small bulk erases; none if it is not small.
  using KeyList = std::optional<std::vector<std::string>>;
  [[nodiscard]] Task<Result<KeyList>> keys_of_small(const Bulk& bulk, std::size_t writes_max);
  void make_small_bulk(const Bulk& bulk, const std::vector<std::string>& erased, Version version);
  void make_switch(Version version);
  void begin_building(Bulk& bulk);
  [[nodiscard]] Task<Result<bool>> build_some();
  [[nodiscard]] Task<Result<void>> copy_some();
  [[nodiscard]] Task<Result<void>> put_some();
  // Copies what has changed since it was copied.
  [[nodiscard]] Task<Result<void>> copy_dirty();
  [[nodiscard]] Task<Result<void>> step(Packs packs);
  [[nodiscard]] bool fits(const Packs& packs, std::size_t bytes) const;
  void abandon_building();
  [[nodiscard]] Task<Result<void>> clear_page(Clearing& clearing);
  [[nodiscard]] PageRanges pages_of(const Epoch& epoch, std::int64_t keys_max) const;
  void note_pages(const PageRanges& pages, const Epoch& epoch);

  EtcdContext& context_;
  const std::string ns_;
  const Fence fence_;
  const BootTime writes_from_;
  const std::string owner_key_;
  const std::string seq_key_;
  std::optional<ChainState> state_;
  bool is_writing_ = false;
  bool over_ = false;
  std::int64_t over_at_ = 0;
  bool retired_ = false;
  Version told_ = 0;
  Version sent_ = 0;   // Invariant: etcd has no version above it under this fence
  BootTime permit_{};  // reads from memory are right until then
  bool gave_up_ = false;
  std::unique_ptr<PendingTxn> pending_;
  std::unique_ptr<Building> building_;
  std::optional<Clearing> clearing_;
  std::uint64_t epochs_made_ = 0;
  Task<void> looking_{};  // last: it uses all of the above
};

}  // namespace sluice::store
