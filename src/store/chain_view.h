// SPDX-License-Identifier: Apache-2.0
// ChainView: a core's View of a Chain. Used on its core's thread, except where AttachedView says
// "any thread".
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop/core.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"
#include "loop/wait_list.h"
#include "store/attached_view.h"
#include "store/chain.h"
#include "store/durable_waits.h"
#include "store/engine.h"
#include "store/follower.h"
#include "store/run.h"
#include "store/turn_wait.h"

namespace sluice::store {

class ChainView final : public AttachedView, public std::enable_shared_from_this<ChainView> {
 public:
  // `home`: the loop that keeps the chain's TurnQueue.
  ChainView(std::shared_ptr<Chain> chain, std::shared_ptr<Engine> engine, const loop::Core& core,
            loop::EventLoop& home, Replica replica, Node* place);

  Commit commit(Transaction& transaction, const ExchangeId* handed) override;
  bool is_durable(Version version) const override;
  bool contains(std::string_view key) override;
  Task<Result<void>> durable(Version version, TimePoint deadline) override;
  Task<Result<Turn>> turn(TimePoint deadline) override;
  Task<Result<void>> counted(TimePoint deadline) override;
  bool owned() const override { return chain_->is_owned(); }
  Task<Result<void>> ownership(TimePoint deadline) override;
  Task<Result<void>> owner_news(std::shared_ptr<const Owner> known, TimePoint deadline) override;
  bool follows() const override { return chain_->follows(); }
  std::shared_ptr<const Owner> owner() const override {
    return outlook_ == nullptr ? nullptr : outlook_->owner();
  }
  Moment moment() const override;
  bool is_confirmed(const Moment& moment, Version version) const override;
  Task<Result<void>> confirmed(Moment& moment, Version version, TimePoint deadline) override;
  Task<Result<OwnerAnswer>> last_sent(TimePoint deadline) override;
  Task<Result<void>> opened(TimePoint deadline) override;
  ExchangeId new_exchange() override { return engine_->exchanges->next(); }
  Task<Result<ExchangeFate>> fate_of(ExchangeId id, Fence fence, TimePoint deadline) override;
  // Chain::position of this view's chain.
  [[nodiscard]] Version position(Version version) const { return chain_->position(version); }

  unsigned core_index() const override { return core_index_; }
  loop::EventLoop& loop() const override { return loop_; }
  Version applied() const override { return follower_.applied(); }
  std::uint64_t keys() const override { return follower_.keys(); }
  bool wants_news() override;
  void nudge() override;
  void grant_turn(std::uint64_t ticket) override;
  void on_end() override;
  void move_to(std::shared_ptr<Chain> chain) override;
  void on_news() override;

 private:
  class Count;
  friend class TurnWait;
  void end_turn(std::uint64_t ticket) override;
  std::unique_ptr<Run> lend_run() override;
  void take_back(std::unique_ptr<Run> run) override;
  void restart_run(Run& run) override;

  void count_wanted();
  void on_counts(const std::vector<std::string>& prefixes,
                 const std::vector<std::uint64_t>& counts);
  void tell_prefixes(std::vector<std::string> prefixes);
  Task<void> own_contents();

  // Requires: Run::still_valid() has just returned true. None: the limit and the seal allow it.
  [[nodiscard]] std::optional<Commit> refused_by_limit(const Run& run) const;
  // A run that writes, while nothing can be written.
  [[nodiscard]] Commit judge_unwritable(Run& run) const;
  // A run that writes, on a view that follows.
  [[nodiscard]] Commit judge_elsewhere(Run& run) const;
  // Refuses a run with `status`, or with `not_owner` if the chain has ended.
  [[nodiscard]] Commit refused(CommitStatus status, bool turn_held = false) const;
  [[nodiscard]] bool too_far_ahead() const;
  [[nodiscard]] bool held_back_by_turn(const Run& run) const;
  [[nodiscard]] std::uint64_t claim_turn() { return std::exchange(unclaimed_turn_, 0); }
  // Sends `work(TurnQueue&)` to the turn queue's home.
  template <class Work>
  void tell_home(Work work);
  void on_turn(std::uint64_t ticket);
  // The rest is in chain_view_tenure.cc.
  [[nodiscard]] DurableWaits::Awaited durability() const;
  [[nodiscard]] DurableWaits::Awaited confirmations() const;
  [[nodiscard]] DurableWaits::Awaited openings() const;
  void end_waits();
  void follow_chain(std::shared_ptr<Chain> chain);
  // The rest is in chain_view_following.cc.
  [[nodiscard]] bool is_up_to_date(const Moment& moment, Version version) const;
  [[nodiscard]] Task<Result<void>> up_to_date(Moment& moment, Version version, TimePoint deadline);
  [[nodiscard]] Task<Result<void>> ask(Moment& moment, TimePoint deadline);
  // Waits until the chain has what the medium counts as `position`.
  [[nodiscard]] Task<Result<void>> arrival(Version position, TimePoint deadline);

  std::shared_ptr<Chain> chain_;
  const std::shared_ptr<Outlook> outlook_;  // of the namespace; null if it is not shared
  const std::atomic<Version>* durable_;     // of chain_
  Version first_;                           // of chain_
  const std::shared_ptr<Engine> engine_;
  loop::EventLoop& loop_;
  [[no_unique_address]] loop::OnCore on_core_;
  loop::EventLoop& home_;
  const unsigned core_index_;
  Follower follower_;
  DurableWaits waits_;
  DurableWaits confirm_waits_;
  DurableWaits open_waits_;
  std::atomic<Version> moves_{0};  // how often the view has moved to another chain
  DurableWaits owner_waits_;       // for the next move
  DurableWaits question_waits_;
  DurableWaits outlook_waits_;  // for a change of it, and of what the view can do
  DurableWaits fence_waits_;    // for ends of ownerships
  loop::WaitList count_waits_;  // for the end of a count
  std::vector<std::unique_ptr<Run>> idle_runs_;
  std::atomic<bool> nudged_{false};
  bool owning_ = false;         // own_contents() runs
  std::uint32_t owned_to_ = 0;  // its place in the table

  std::uint64_t counting_ = 0;  // the ticket of the count under way, 0 for none
  std::uint64_t last_count_ = 0;

  std::vector<TurnWait*> turn_waits_;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t first_ticket_ = 1;    // of chain_; earlier ones have ended with their chains
  std::uint64_t held_turn_ = 0;       // the ticket whose turn it is, 0 for none
  std::uint64_t unclaimed_turn_ = 0;  // the same, until a run takes it
};

}  // namespace sluice::store
