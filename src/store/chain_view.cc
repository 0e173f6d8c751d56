// SPDX-License-Identifier: Apache-2.0
#include "store/chain_view.h"

#include <algorithm>

#include "store/chain.h"

namespace sluice::store {
namespace {

constexpr std::size_t kIdleRunsMax = 64;

}  // namespace

ChainView::ChainView(std::shared_ptr<Chain> chain, std::shared_ptr<Engine> engine,
                     const loop::Core& core, loop::EventLoop& home, Replica replica, Node* place)
    : chain_(std::move(chain)),
      engine_(std::move(engine)),
      loop_(core.loop),
      home_(home),
      core_index_(core.index),
      follower_(std::move(replica), place),
      waits_(loop_, chain_->durable(), engine_->failing) {}

// What is only read is served as of one version, between the run's begin and now: nothing to check.
Commit ChainView::commit(Transaction& transaction) {
  Run& run = run_of(transaction);
  if (run.too_large()) return {CommitStatus::too_large, 0};
  if (run.stale()) return {CommitStatus::conflict, 0};
  if (!run.has_writes()) return {CommitStatus::committed, run.depends_on()};
  if (engine_->refuses_writes()) return {CommitStatus::unavailable, 0};
  if (held_back_by_turn(run)) return {CommitStatus::conflict, 0, true};
  if (!run.still_valid()) return {CommitStatus::conflict, 0};
  NodePtr node = run.make_node();
  while (!follower_.append(node)) {
    if (!run.still_valid()) return {CommitStatus::conflict, 0};
  }
  engine_->bell->ring();
  return {CommitStatus::committed, follower_.version()};
}

bool ChainView::is_durable(Version version) const {
  return chain_->durable().load(std::memory_order_acquire) >= version;
}

Task<Result<void>> ChainView::durable(Version version, TimePoint deadline) {
  const auto self = shared_from_this();
  if (is_durable(version)) co_return Result<void>();
  if (engine_->closed.load(std::memory_order_acquire)) {
    co_return fail(ErrorKind::unavailable, "the store is closed");
  }
  DurableWaits::Wait wait(waits_, version, deadline);
  co_return co_await wait;
}

void ChainView::nudge() {
  if (nudged_.exchange(true, std::memory_order_relaxed)) return;
  loop_.post([self = shared_from_this()] {
    self->nudged_.store(false, std::memory_order_relaxed);
    self->follower_.catch_up();
    self->engine_->bell->call();
  });
}

std::unique_ptr<Run> ChainView::lend_run() {
  std::unique_ptr<Run> run;
  if (idle_runs_.empty()) {
    run = std::make_unique<Run>();
  } else {
    run = std::move(idle_runs_.back());
    idle_runs_.pop_back();
  }
  run->begin(shared_from_this(), follower_, engine_->limits, claim_turn());
  return run;
}

void ChainView::take_back(std::unique_ptr<Run> run) {
  if (idle_runs_.size() < kIdleRunsMax) idle_runs_.push_back(std::move(run));
}

void ChainView::restart_run(Run& run) {
  run.restart(run.turn() != 0 && run.turn() == held_turn_ ? held_turn_ : claim_turn());
}

// --- Turns
// -----------------------------------------------------------------------------------------

bool ChainView::held_back_by_turn(const Run& run) const {
  if (!chain_->turns().busy()) return false;
  return run.turn() == 0 || run.turn() != held_turn_;
}

template <class Work>
void ChainView::tell_home(Work work) {
  if (engine_->closed.load(std::memory_order_acquire)) return;  // the loops may be gone, too
  home_.post([chain = chain_, work = std::move(work)] { work(chain->turns()); });
}

Task<Result<View::Turn>> ChainView::turn(TimePoint deadline) {
  const auto self = shared_from_this();
  if (engine_->closed.load(std::memory_order_acquire)) {
    co_return fail(ErrorKind::unavailable, "the store is closed");
  }
  TurnWait wait(*this, deadline);
  const bool granted = co_await wait;
  if (granted) co_return Turn(self);
  co_return fail(ErrorKind::timed_out, "too many runs want to write to the same shared data");
}

void ChainView::grant_turn(std::uint64_t ticket) {
  if (engine_->closed.load(std::memory_order_acquire)) return;
  loop_.post([self = shared_from_this(), ticket] { self->on_turn(ticket); });
}

void ChainView::on_turn(std::uint64_t ticket) {
  const auto found = std::ranges::find(turn_waits_, ticket, &TurnWait::ticket_);
  if (found == turn_waits_.end()) {  // gave up meanwhile
    tell_home([](TurnQueue& turns) { turns.release(); });
    return;
  }
  TurnWait& wait = **found;
  turn_waits_.erase(found);
  wait.ticket_ = 0;
  wait.granted_ = true;
  wait.alarm_.reset();
  held_turn_ = unclaimed_turn_ = ticket;
  wait.waiter_.resume();
  unclaimed_turn_ = 0;  // the promise of View::turn holds until the run first waits
}

void ChainView::end_turn() {
  held_turn_ = unclaimed_turn_ = 0;
  tell_home([](TurnQueue& turns) { turns.release(); });
}

TurnWait::~TurnWait() {
  if (ticket_ != 0) leave();
}

void TurnWait::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  ticket_ = ++view_.last_ticket_;
  view_.turn_waits_.push_back(this);
  view_.tell_home([view = view_.weak_from_this(), ticket = ticket_](TurnQueue& turns) {
    turns.request(view, ticket);
  });
  alarm_ = loop::EventLoop::Timer(view_.loop_, deadline_, [this] {
    leave();
    waiter_.resume();
  });
}

void TurnWait::leave() {
  std::erase(view_.turn_waits_, this);
  view_.tell_home([view = view_.weak_from_this(), ticket = ticket_](TurnQueue& turns) {
    turns.cancel(view, ticket);
  });
  ticket_ = 0;
}

}  // namespace sluice::store
