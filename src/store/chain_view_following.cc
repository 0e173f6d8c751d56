// SPDX-License-Identifier: Apache-2.0
// The functions of ChainView for a namespace that another process owns: reads on a chain that
// follows, the owner, and the fates of exchanges.
#include <algorithm>
#include <utility>

#include "store/chain_view.h"

namespace sluice::store {
namespace {

// Of an answer and its groups. After so long, the answer is doubted.
constexpr Duration kBehindMax = std::chrono::milliseconds(250);

std::unexpected<Error> closed_store() {
  return fail(ErrorKind::unavailable, "the store is closed");
}

}  // namespace

// A run with version 0 has read nothing.
bool ChainView::is_up_to_date(const Moment& moment, Version version) const {
  if (!chain_->follows() || engine_->closed.load(std::memory_order_acquire)) return false;
  if (version == 0) return true;
  if (outlook_->is_sealed_at(chain_->position(version))) return true;
  if (moment.newest != 0) return chain_->position(version) >= moment.newest;
  const auto answer = outlook_->answer(moment.begun + 1);
  return answer && chain_->position(version) >= *answer;
}

Task<Result<void>> ChainView::up_to_date(Moment& moment, Version version, TimePoint deadline) {
  while (true) {
    if (engine_->closed.load(std::memory_order_acquire)) co_return closed_store();
    if (!chain_->follows()) co_return lost();
    if (moment.newest == 0) SLUICE_CO_CHECK(co_await ask(moment, deadline));
    if (chain_->position(version) >= moment.newest) co_return Result<void>();
    const TimePoint patience = std::min(deadline, Clock::now() + kBehindMax);
    const Result<void> came = co_await arrival(moment.newest, patience);
    if (came) co_return fail(ErrorKind::conflict, "the shared data is newer than what was read");
    if (came.error().kind != ErrorKind::timed_out || Clock::now() >= deadline) co_return came;
    // The owner may have been lost before it could write that version. A later question will do.
    outlook_->doubt();
    moment.begun = outlook_->questions_begun();
    moment.newest = 0;
  }
}

Task<Result<void>> ChainView::ask(Moment& moment, TimePoint deadline) {
  const std::uint64_t number = moment.begun + 1;
  outlook_->ask(number);
  DurableWaits::Wait wait(question_waits_, number, deadline);
  if (question_waits_.begin(wait)) co_await wait;
  SLUICE_CO_CHECK(wait.outcome());
  const auto answer = outlook_->answer(number);
  if (!answer) co_return std::unexpected(outlook_->trouble());
  moment.newest = *answer;
  co_return Result<void>();
}

Task<Result<void>> ChainView::arrival(Version position, TimePoint deadline) {
  if (!chain_->follows()) co_return lost();
  DurableWaits::Wait wait(waits_, chain_->version_at(position), deadline);
  if (waits_.begin(wait)) co_await wait;
  co_return wait.outcome();
}

// The owner's word is as good as the read that the confirmation allows.
Task<Result<OwnerAnswer>> ChainView::last_sent(TimePoint deadline) {
  on_core_.here();
  const auto self = shared_from_this();
  if (!owned()) co_return lost();
  Moment now = moment();
  SLUICE_CO_CHECK(co_await confirmed(now, 0, deadline));
  if (!owned() || now.fence != chain_->fence()) co_return lost();
  co_return chain_->newest();
}

Task<Result<void>> ChainView::owner_news(std::shared_ptr<const Owner> known, TimePoint deadline) {
  on_core_.here();
  const auto self = shared_from_this();
  if (!outlook_) co_return co_await ownership(deadline);
  const bool owns = owned();
  const bool followed = follows();
  while (true) {
    const std::uint64_t changes = outlook_->changes().load(std::memory_order_seq_cst);
    if (owner() != known || owned() != owns || follows() != followed) co_return Result<void>();
    if (engine_->closed.load(std::memory_order_acquire)) co_return closed_store();
    DurableWaits::Wait wait(outlook_waits_, changes + 1, deadline);
    if (outlook_waits_.begin(wait)) co_await wait;
    SLUICE_CO_CHECK(wait.outcome());
  }
}

Task<Result<View::ExchangeFate>> ChainView::fate_of(ExchangeId id, Fence fence,
                                                    TimePoint deadline) {
  on_core_.here();
  const auto self = shared_from_this();
  if (!outlook_) co_return ExchangeFate::unknown;
  if (engine_->closed.load(std::memory_order_acquire)) co_return closed_store();
  DurableWaits::Wait wait(fence_waits_, fence + 1, deadline);
  if (fence_waits_.begin(wait)) co_await wait;
  SLUICE_CO_CHECK(wait.outcome());
  co_return outlook_->fate(id);
}

}  // namespace sluice::store
