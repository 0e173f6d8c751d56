// SPDX-License-Identifier: Apache-2.0
// The functions of WasmHostFilter for a store that several processes share: when a run counts, and
// how long it waits for the store.
#include <algorithm>

#include "filters/wasm_host/attempt.h"
#include "filters/wasm_host/filter.h"
#include "filters/wasm_host/handover/carried.h"
#include "filters/wasm_host/results.h"

namespace sluice::filters {
namespace {

// A run that has waited for so long for a store holds one of the places of those who wait.
constexpr Duration kStoreUsual = std::chrono::milliseconds(250);
// `onStoreLoss: serveKnown`: after so long, a run that only reads is answered from what is known.
constexpr Duration kKnownAfter = std::chrono::seconds(1);

}  // namespace

void WasmHostFilter::begin_shared(Attempt& attempt) const {
  const auto& handover = parts_.environment->handover;
  attempt.patience = handover ? handover->options().owner_wait : kOwnerWait;
  attempt.moment = view_.moment();
  const HandedRun* handed = attempt.handed;
  if (handed == nullptr) return;
  attempt.deadline = std::min(attempt.deadline, Clock::now() + handed->remaining);
  attempt.context.withhold(handed->request_withheld, handed->response_withheld);
}

// On a view that follows, the moment stays that of the arrival, and so does the answer to its
// question. An ownership has moments of its own.
void WasmHostFilter::renew_moment(Attempt& attempt) const {
  if (attempt.moment.fence != 0 || !view_.follows()) attempt.moment = view_.moment();
}

bool WasmHostFilter::is_known(Attempt& attempt) const {
  return attempt.handed != nullptr ? attempt.handed->known
                                   : knows(attempt.exchange.client_request());
}

bool WasmHostFilter::owns(store::Fence fence) const {
  if (!view_.owned()) return false;
  const auto owner = view_.owner();
  return owner && owner->me && owner->fence == fence;
}

// A guest that fails on a replica may have read an old state, so the owner judges. A guest that
// lacks a body has not failed.
bool WasmHostFilter::is_for_others_to_judge(Attempt& attempt) const {
  if (attempt.context.lacks_body()) return true;
  if (view_.owned() || attempt.writes_forbidden) return false;
  attempt.failed_here = true;
  return true;
}

// A run that would be one too many to wait must not have its effect first.
bool WasmHostFilter::may_commit(Attempt& attempt) const {
  if (!attempt.transaction.has_writes()) return true;
  if (attempt.writes_forbidden) {
    attempt.fault =
        "the owner of the shared data changed while the request was there: it has had its effect, "
        "and the answer is lost";
    attempt.cause = http::Cause::wasm_owner;
  } else if (view_.owned() && too_many_wait(attempt)) {
    attempt.fault =
        "shared data: the store does not answer, and as many requests wait as maxWaiting allows";
    attempt.cause = http::Cause::wasm_store;
  }
  attempt.retry_after = !attempt.fault.empty();
  return attempt.fault.empty();
}

// A run that has written needs no confirmation: the store accepts writes of the owner only. A run
// without data needs none either. A run that met the limit has read the number of keys.
bool WasmHostFilter::is_proven(const Attempt& attempt) const {
  const bool has_read =
      attempt.full || (attempt.context.used_data() && !attempt.transaction.has_writes());
  return !has_read || view_.is_confirmed(attempt.moment, attempt.version);
}

// Waits until the run counts: what it read and wrote is durable, and what it read was not old.
// Errors as of View::confirmed.
Task<Result<void>> WasmHostFilter::settle(Attempt& attempt) {
  if (!view_.is_durable(attempt.version)) {
    const Result<void> durable = co_await wait_for_store(attempt, StoreWait::durable);
    if (!durable) co_return durable;
  }
  if (is_proven(attempt)) co_return Result<void>();
  const Result<void> confirmed = co_await wait_for_store(attempt, StoreWait::confirmed);
  if (confirmed) {
    counters_.confirmed_reads.add();
    co_return confirmed;
  }
  const ErrorKind kind = confirmed.error().kind;
  const bool out_of_reach = kind == ErrorKind::unavailable || kind == ErrorKind::timed_out;
  if (out_of_reach && serves_known(attempt)) co_return Result<void>();
  co_return confirmed;
}

// `onStoreLoss: serveKnown` is for requests that only read, at the member to which they came.
bool WasmHostFilter::serves_known(const Attempt& attempt) const {
  return parts_.recipe->serves_known && attempt.handed == nullptr && !attempt.writes_forbidden;
}

// The time counts against the patience, not against the filter's `timeout`.
Task<Result<void>> WasmHostFilter::wait_for_store(Attempt& attempt, StoreWait what) {
  const TimePoint begin = Clock::now();
  const bool has_known = what == StoreWait::confirmed && serves_known(attempt);
  const TimePoint end = has_known ? std::min(attempt.deadline, begin + kKnownAfter) : attempt.end();
  Result<void> done = co_await ask_store(attempt, what, std::min(end, begin + kStoreUsual));
  const bool late = !done && done.error().kind == ErrorKind::timed_out && Clock::now() < end;
  if (late && too_many_wait(attempt)) {
    done = fail(ErrorKind::unavailable,
                "the store does not answer, and as many requests wait as maxWaiting allows");
  } else if (late) {
    const CountedWait waiting(waiting_for_owner_);
    done = co_await ask_store(attempt, what, end);
  }
  attempt.pause(begin);
  co_return done;
}

Task<Result<void>> WasmHostFilter::ask_store(Attempt& attempt, StoreWait what, TimePoint deadline) {
  if (what == StoreWait::opened) return view_.opened(deadline);
  return what == StoreWait::durable ? view_.durable(attempt.version, deadline)
                                    : view_.confirmed(attempt.moment, attempt.version, deadline);
}

bool WasmHostFilter::too_many_wait(Attempt& attempt) const {
  const unsigned max = parts_.recipe->waiting_max;
  return waiting_for_owner_.get() >= (is_known(attempt) ? 2 * max : max);
}

void WasmHostFilter::report_done(Attempt& attempt) {
  HandedRun& handed = *attempt.handed;
  handed.end = HandedRun::End::done;
  handed.answer = changes_of(attempt.exchange, attempt.undo, handed.tags);
  handed.answer.result = attempt.value;
}

void WasmHostFilter::report_failed(Attempt& attempt, std::string_view result,
                                   const std::string& text) {
  HandedRun& handed = *attempt.handed;
  handed.end = HandedRun::End::failed;
  handed.answer.kind = HandedAnswer::Kind::failed;
  handed.answer.out_of_guests = result == kOutOfVm;
  handed.answer.limit_reached = result == kLimitReached;
  handed.answer.retry_after = attempt.retry_after;
  handed.answer.text = text;
}

}  // namespace sluice::filters
