// SPDX-License-Identifier: Apache-2.0
// The functions of WasmHostFilter for a run that this process cannot do now: another member owns
// the shared data, or nobody does. The exchange waits for the owner, or is handed over to it.
#include <algorithm>
#include <utility>

#include "filters/wasm_host/attempt.h"
#include "filters/wasm_host/filter.h"
#include "filters/wasm_host/handover/carried.h"
#include "filters/wasm_host/results.h"
#include "loop/event.h"

namespace sluice::filters {
namespace {

// The owner's answer may come so much later than the end of the run's time.
constexpr Duration kAnswerGrace = std::chrono::milliseconds(500);
// The time for an answer that an owner sends while it gives up its ownership.
constexpr Duration kLateAnswer = std::chrono::milliseconds(250);
// The pause after a try to hand an exchange over; each further one doubles it.
constexpr Duration kHandPauseMin = std::chrono::milliseconds(5);
constexpr Duration kHandPauseMax = std::chrono::milliseconds(500);

// `error`: the owner stays the same. The last try to reach it says more.
Error without_owner(const Attempt& attempt, const std::shared_ptr<const store::Owner>& owner,
                    Error error) {
  if (owner && !owner->me && error.kind == ErrorKind::timed_out && !attempt.trouble.empty()) {
    error.message = "the owner " + owner->member + " at " + owner->address +
                    " has not answered in time: " + attempt.trouble;
  }
  return error;
}

// Of a run that failed at the owner, as far as its answer tells.
http::Cause cause_of_answer(const HandedAnswer& answer) {
  if (answer.out_of_guests) return http::Cause::wasm_no_guest;
  if (answer.text.starts_with("timed out")) return http::Cause::wasm_timeout;
  return answer.retry_after ? http::Cause::wasm_store : http::Cause::wasm_trap;
}

}  // namespace

// A copy of an exchange that is under way. Its tasks refer to it.
struct WasmHostFilter::Call {
  Call(loop::EventLoop& loop, store::Fence its_fence) : news(loop), fence(its_fence) {}
  loop::Event news;  // one of the next two is set
  std::optional<Courier::Outcome> outcome{};
  bool over = false;  // the ownership of `fence` is over
  const store::Fence fence;
  Task<void> carrying{};
  Task<void> watching{};
};

// True: undone, and to be run again here. False: attempt.result is the result of the filter.
// Requires: the run does not count.
Task<bool> WasmHostFilter::elsewhere(Attempt& attempt) {
  const bool must_write = attempt.transaction.has_writes() || attempt.failed_here;
  const bool lacks_body = attempt.context.lacks_body();
  const bool sealed = attempt.sealed;
  attempt.take_back();
  if (sealed) co_return co_await open(attempt);
  if (attempt.handed != nullptr) {
    attempt.handed->end = lacks_body ? HandedRun::End::needs_body : HandedRun::End::not_owner;
    attempt.result = kWasmError;
    co_return false;
  }
  if (too_many_wait(attempt)) {
    co_return refuse(attempt, {ErrorKind::unavailable,
                               "another process owns it, and as many requests wait as maxWaiting "
                               "allows"});
  }
  const CountedWait waiting(waiting_for_owner_);
  Duration pause = kHandPauseMin;
  while (!may_run_here(attempt, must_write)) {
    const auto owner = view_.owner();
    Step step = Step::wait;
    if (attempt.unanswered != 0 && (!owner || owner->fence != attempt.unanswered)) {
      step = co_await learn_fate(attempt, nullptr);
    } else if (may_hand_over(attempt, owner.get())) {
      step = co_await hand_over(attempt, owner);
    }
    if (step == Step::answered) co_return false;
    if (step == Step::again) continue;
    const TimePoint limit = shared_ ? Clock::now() + attempt.patience : attempt.deadline;
    const TimePoint until = step == Step::pause ? std::min(limit, Clock::now() + pause) : limit;
    pause = std::min(2 * pause, kHandPauseMax);
    const Result<void> news = co_await owner_news(attempt, owner, until);
    const bool timed_out = !news && news.error().kind == ErrorKind::timed_out && until < limit;
    if (!news && !timed_out) co_return refuse(attempt, without_owner(attempt, owner, news.error()));
  }
  co_return true;
}

// The shared data is sealed, and the run needs it open. That takes longer than a word of the owner
// lasts. As elsewhere(): a run that finds the ownership lost is sent there by its next try.
Task<bool> WasmHostFilter::open(Attempt& attempt) {
  const Result<void> opened = co_await wait_for_store(attempt, StoreWait::opened);
  if (opened || opened.error().kind == ErrorKind::lost) co_return true;
  attempt.result = failed(attempt, opened.error());
  co_return false;
}

Task<Result<void>> WasmHostFilter::owner_news(Attempt& attempt,
                                              std::shared_ptr<const store::Owner> known,
                                              TimePoint until) {
  const TimePoint begin = Clock::now();
  Result<void> news = co_await view_.owner_news(std::move(known), until);
  attempt.pause(begin);
  co_return news;
}

bool WasmHostFilter::may_run_here(const Attempt& attempt, bool must_write) const {
  if (attempt.unanswered != 0) return false;
  return view_.owned() || (view_.follows() && (!must_write || attempt.writes_forbidden));
}

bool WasmHostFilter::may_hand_over(const Attempt& attempt, const store::Owner* owner) const {
  return sender_ && !attempt.writes_forbidden && owner != nullptr && !owner->me &&
         !owner->address.empty();
}

// Sends one copy to `owner`, and waits until it is answered, or the ownership is over.
Task<WasmHostFilter::Step> WasmHostFilter::hand_over(Attempt& attempt,
                                                     std::shared_ptr<const store::Owner> owner) {
  if (!attempt.ticket) {
    attempt.ticket.emplace(*sender_, view_.new_exchange());
    counters_.handed_over.add();
  }
  std::string message = message_for(attempt, *owner);
  if (message.size() > kHandedBytesMax) {
    attempt.fault = "the request is too large to be handed over to the owner of the shared data";
    attempt.cause = http::Cause::wasm_owner;
    attempt.result = failed(attempt);
    co_return Step::answered;
  }
  const TimePoint begin = Clock::now();
  const TimePoint deadline = std::min(attempt.deadline + kAnswerGrace, attempt.end());
  Call call(core_.loop, owner->fence);
  call.carrying = carry(call, sender_->courier(), owner->address, std::move(message), deadline);
  call.carrying.start();
  call.watching = watch(call, owner, deadline);
  if (!call.outcome) call.watching.start();
  while (!call.outcome && !call.over && Clock::now() < deadline) {
    (void)co_await call.news.wait(deadline);
  }
  if (call.outcome) {
    const Step step = take_answer(attempt, call);
    attempt.pause(begin);  // the owner counts the guest's time
    co_return step;
  }
  attempt.unanswered = call.fence;
  attempt.trouble = "no answer";
  attempt.pause(begin);
  if (!call.over) co_return Step::pause;
  co_return co_await learn_fate(attempt, &call);
}

Task<void> WasmHostFilter::carry(Call& call, Courier& courier, std::string address,
                                 std::string message, TimePoint deadline) {
  call.outcome = co_await courier.carry(std::move(address), std::move(message), deadline);
  call.news.notify();
}

Task<void> WasmHostFilter::watch(Call& call, std::shared_ptr<const store::Owner> owner,
                                 TimePoint deadline) {
  while (!call.over) {
    const Result<void> news = co_await view_.owner_news(owner, deadline);
    if (!news) co_return;
    owner = view_.owner();
    call.over = !owner || owner->fence != call.fence;
  }
  call.news.notify();
}

std::string WasmHostFilter::message_for(Attempt& attempt, const store::Owner& owner) {
  pipeline::Exchange& exchange = attempt.exchange;
  const HostContext& context = attempt.context;
  using std::chrono::microseconds;
  const Duration left = std::max(attempt.deadline - Clock::now(), Duration::zero());
  const HandedHead head{
      .ns = parts_.recipe->name,
      .id = attempt.ticket->id(),
      .lane = sender_->lane(),
      .floor = sender_->floor(),
      .fence = owner.fence,
      .remaining = std::min<Duration>(left, kHandedRemainingMax),
      .known = is_known(attempt),
      .tags = static_cast<std::uint32_t>(std::min(exchange.tags().size(), kHandedTagsMax)),
      .real_ip = exchange.real_ip};
  const http::Request* request = exchange.request();
  const http::Response& response = exchange.ensure_response();
  const bool all = attempt.needs_bodies;
  return HandedExchange::encode(
      head, request,
      request != nullptr ? carried(request->body, all || context.asked_request_body())
                         : CarriedBody::whole,
      response, carried(response.body, all || context.asked_response_body()));
}

// Returns the next step of the exchange after an answer, or after the failure to get one.
WasmHostFilter::Step WasmHostFilter::take_answer(Attempt& attempt, Call& call) {
  Courier::Outcome& outcome = *call.outcome;
  auto answer = outcome.answer ? HandedAnswer::decode(*outcome.answer)
                               : Result<HandedAnswer>(std::unexpected(outcome.answer.error()));
  if (!answer) {
    attempt.trouble = answer.error().message;
    if (outcome.sent) attempt.unanswered = call.fence;
    return Step::pause;
  }
  if (answer->kind == HandedAnswer::Kind::refused) return take_refusal(attempt, call, *answer);
  attempt.unanswered = 0;
  const bool fails = answer->kind == HandedAnswer::Kind::failed && !answer->limit_reached;
  // A failure after which the client may come again is of the store.
  if (!fails || (!answer->out_of_guests && !answer->retry_after)) count_run(fails);
  if (answer->limit_reached) {
    attempt.result = limit_reached(attempt);
    return Step::answered;
  }
  if (fails) {
    attempt.retry_after = answer->retry_after;
    attempt.cause = cause_of_answer(*answer);
    counters_.count_failure(answer->out_of_guests);
    attempt.result =
        answer_503(attempt, answer->out_of_guests ? kOutOfVm : kWasmError, std::move(answer->text));
    return Step::answered;
  }
  attempt.result = result_name(answer->result);
  apply_changes(*std::move(answer), attempt.context);
  return Step::answered;
}

// The copy that is refused was not run. Another one may have been, or may be yet: an earlier one
// without an answer, or one that a machine between the members has made of the same message. So the
// chain has to prove that the exchange was not run before it is tried under another fence.
WasmHostFilter::Step WasmHostFilter::take_refusal(Attempt& attempt, const Call& call,
                                                  const HandedAnswer& answer) {
  using enum HandedAnswer::Refusal;
  attempt.trouble = "it has refused the request";
  attempt.unanswered = call.fence;
  if (answer.refusal != needs_body || attempt.needs_bodies) return Step::pause;
  attempt.needs_bodies = true;
  return Step::again;
}

// A copy under the fence `unanswered`, which is over, has no answer. `call`: it may still get one.
Task<WasmHostFilter::Step> WasmHostFilter::learn_fate(Attempt& attempt, Call* call) {
  using Fate = store::View::ExchangeFate;
  const TimePoint begin = Clock::now();
  const auto fate =
      co_await view_.fate_of(attempt.ticket->id(), attempt.unanswered, begin + attempt.patience);
  attempt.pause(begin);
  if (fate && *fate == Fate::not_run) {  // an answer is ignored from now on
    attempt.unanswered = 0;
    co_return Step::again;
  }
  if (call != nullptr) {
    const TimePoint until = std::min(Clock::now() + kLateAnswer, attempt.end());
    while (!call->outcome && Clock::now() < until) {
      (void)co_await call->news.wait(until);
    }
    const bool counts = call->outcome && take_answer(attempt, *call) == Step::answered;
    if (counts) co_return Step::answered;
  }
  if (!fate || *fate != Fate::written) {
    (void)refuse(attempt, fate ? Error{ErrorKind::unavailable,
                                       "its owner changed, and it is not known whether the request "
                                       "had its effect there"}
                               : fate.error());
    co_return Step::answered;
  }
  attempt.unanswered = 0;
  attempt.writes_forbidden = true;
  co_return Step::again;
}

// The request ends without an owner. Returns false, as elsewhere() does.
bool WasmHostFilter::refuse(Attempt& attempt, const Error& error) {
  attempt.fault = "shared data: " + error.message;
  attempt.cause = http::Cause::wasm_owner;
  attempt.retry_after = true;
  attempt.blameless = true;
  attempt.result = failed(attempt);
  return false;
}

}  // namespace sluice::filters
