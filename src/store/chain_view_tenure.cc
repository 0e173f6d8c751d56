// SPDX-License-Identifier: Apache-2.0
// The functions of ChainView for the ownership of its namespace: confirmations, the end of a chain,
// and the move to the next one.
#include <utility>

#include "store/chain_view.h"

namespace sluice::store {
namespace {

const std::atomic<bool> kCannotFail{false};

}  // namespace

// What a follower reads does not depend on the journal.
DurableWaits::Awaited ChainView::durability() const {
  return {&chain_->durable(), chain_->following() != 0 ? &kCannotFail : &chain_->failing(),
          &chain_->ended()};
}

DurableWaits::Awaited ChainView::confirmations() const {
  return {&chain_->confirmed(), &chain_->failing(), &chain_->ended()};
}

DurableWaits::Awaited ChainView::openings() const {
  return {&chain_->openings(), &chain_->failing(), &chain_->ended()};
}

View::Moment ChainView::moment() const {
  const bool follows = chain_->following() != 0;
  return {.fence = chain_->fence(),
          .begun = follows ? outlook_->questions_begun() : chain_->confirmations_begun()};
}

bool ChainView::is_confirmed(const Moment& moment, Version version) const {
  if (!engine_->may_lose) return true;
  if (moment.fence == 0) return is_up_to_date(moment, version);
  if (moment.fence != chain_->fence()) return false;
  if (chain_->confirmed().load(std::memory_order_seq_cst) > moment.begun) return true;
  // A store that is closed gives its ownerships up, and a chain that has ended has lost its own.
  return chain_->is_permitted() && !engine_->closed.load(std::memory_order_acquire);
}

Task<Result<void>> ChainView::confirmed(Moment& moment, Version version, TimePoint deadline) {
  on_core_.here();
  const auto self = shared_from_this();
  if (is_confirmed(moment, version)) co_return Result<void>();
  if (moment.fence == 0) co_return co_await up_to_date(moment, version, deadline);
  if (moment.fence != chain_->fence() || chain_->has_ended()) co_return lost();
  if (engine_->closed.load(std::memory_order_acquire)) {
    co_return fail(ErrorKind::unavailable, "the store is closed");
  }
  const std::uint64_t number = moment.begun + 1;
  chain_->ask_confirmation(number);
  chain_->ring();
  DurableWaits::Wait wait(confirm_waits_, number, deadline);
  if (confirm_waits_.begin(wait)) co_await wait;
  co_return wait.outcome();
}

Task<Result<void>> ChainView::opened(TimePoint deadline) {
  on_core_.here();
  const auto self = shared_from_this();
  if (engine_->closed.load(std::memory_order_acquire)) {
    co_return fail(ErrorKind::unavailable, "the store is closed");
  }
  const std::uint64_t number = chain_->openings().load(std::memory_order_seq_cst) + 1;
  if (chain_->has_ended()) co_return lost();
  if (!chain_->is_sealed()) co_return Result<void>();
  chain_->ask_opening();
  DurableWaits::Wait wait(open_waits_, number, deadline);
  if (open_waits_.begin(wait)) co_await wait;
  co_return wait.outcome();
}

Task<Result<void>> ChainView::ownership(TimePoint deadline) {
  on_core_.here();
  const auto self = shared_from_this();
  while (!owned()) {
    if (engine_->closed.load(std::memory_order_acquire)) {
      co_return fail(ErrorKind::unavailable, "the store is closed");
    }
    const Version next = moves_.load(std::memory_order_relaxed) + 1;
    DurableWaits::Wait wait(owner_waits_, next, deadline);
    if (owner_waits_.begin(wait)) co_await wait;
    const Result<void> moved = wait.outcome();
    if (!moved) co_return moved;
  }
  co_return Result<void>();
}

void ChainView::on_end() {
  loop_.post([self = shared_from_this()] {
    if (self->chain_->has_ended())
      self->end_waits();  // otherwise the view has moved to the next chain
  });
}

void ChainView::move_to(std::shared_ptr<Chain> chain) {
  loop_.post([self = shared_from_this(), chain = std::move(chain)]() mutable {
    self->end_waits();
    self->follow_chain(std::move(chain));
  });
}

bool ChainView::wants_news() {
  bool wants = waits_.take_call();
  if (!engine_->may_lose) return wants;
  for (DurableWaits* const waits :
       {&confirm_waits_, &open_waits_, &question_waits_, &outlook_waits_, &fence_waits_}) {
    wants = waits->take_call() || wants;
  }
  return wants;
}

void ChainView::on_news() {
  on_core_.here();
  waits_.on_news();
  if (!engine_->may_lose) return;
  for (DurableWaits* const waits :
       {&confirm_waits_, &open_waits_, &question_waits_, &outlook_waits_, &fence_waits_}) {
    waits->on_news();
  }
}

// Requires: the chain has ended. So a coroutine that is resumed cannot wait for it again.
void ChainView::end_waits() {
  on_core_.here();
  if (outlook_) outlook_->note_change();
  on_news();
  count_waits_.notify_all();
  first_ticket_ = last_ticket_ + 1;
  held_turn_ = unclaimed_turn_ = 0;
  while (!turn_waits_.empty()) {
    TurnWait& wait = *turn_waits_.back();
    turn_waits_.pop_back();
    wait.ticket_ = 0;
    wait.lost_ = true;
    wait.granted_.notify_now();
  }
}

// A run that has read from the old chain notices the move: the new chain has no version of the old
// one.
void ChainView::follow_chain(std::shared_ptr<Chain> chain) {
  auto begin = chain->join();
  if (!begin) return;
  Backroom& backroom = *engine_->backroom;  // a million records take long to free
  backroom.throw_away(follower_.move_to_chain(std::move(begin->first), begin->second));
  backroom.throw_away(std::exchange(chain_, std::move(chain)));
  durable_ = &chain_->durable();
  first_ = chain_->first();
  waits_.follow(durability());
  confirm_waits_.follow(confirmations());
  open_waits_.follow(openings());
  owned_to_ = 0;
  if (!owning_) loop_.spawn(own_contents());
  moves_.fetch_add(1, std::memory_order_seq_cst);
  owner_waits_.on_news();
  outlook_->note_change();
  on_news();
}

}  // namespace sluice::store
