// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/filter.h"

#include <algorithm>
#include <chrono>

#include "base/assert.h"
#include "base/seeded_generator.h"
#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/attempt.h"
#include "filters/wasm_host/results.h"
#include "filters/wasm_host/run_span.h"
#include "http/body_memory.h"

namespace sluice::filters {

using http::Cause;

namespace {

constexpr std::uint32_t kFailureLinesPerSecond = 5;
constexpr std::uint32_t kGuestLinesPerSecond = 100;
// Of a script that a busy machine has not let say where it is before the deadline. A slice is 1 ms.
constexpr int kLastSlices = 3;
constexpr int kStatusUnavailable = 503;
constexpr int kStatusBadGateway = 502;
constexpr int kStatusForbidden = 403;
// An ownership changes hands within seconds.
constexpr const char* kOwnerRetryAfterSeconds = "1";
// The limit for holding a backend's response that the guest may read. A longer body stays a stream.
constexpr std::uint64_t kHeldBytesMax = std::uint64_t{4} << 20;

std::string with_words(const std::string& reason, const std::string& words) {
  return words.empty() ? reason : reason + "; the guest said: " + words;
}

}  // namespace

std::shared_ptr<WasmHostFilter> WasmHostFilter::make(
    const loop::Core& core, WasmHostParts parts, unsigned share,
    std::vector<std::unique_ptr<wasm::Instance>> guests) {
  std::shared_ptr<WasmHostFilter> made(
      new WasmHostFilter(core, std::move(parts), share, std::move(guests)));
  made->parts_.in_force->put(core, made);
  if (const auto& handover = made->parts_.environment->handover)
    handover->put_filter(core, made->parts_.recipe->name, made);
  return made;
}

WasmHostFilter::WasmHostFilter(const loop::Core& core, WasmHostParts parts, unsigned share,
                               std::vector<std::unique_ptr<wasm::Instance>> guests)
    : core_(core),
      parts_(std::move(parts)),
      reads_responses_(parts_.recipe->reads_responses),
      shared_(parts_.environment->store.is_shared()),
      view_(parts_.environment->store.view(core, parts_.recipe->name)),
      counters_(parts_.statistics->counters.at(core.index)),
      pool_(
          core.loop, share, std::move(guests),
          [recipe = parts_.recipe, &loop = core.loop] { return recipe->make(wasm::Pace(loop)); },
          [this](const Result<void>& made, bool replacement) { on_created(made, replacement); }),
      failures_(kFailureLinesPerSecond),
      guest_lines_(kGuestLinesPerSecond),
      random_(seeded_generator()) {
  if (const auto& handover = parts_.environment->handover; handover && shared_)
    sender_ = handover->sender(core);
  report_guests();
}

WasmHostFilter::~WasmHostFilter() {
  counters_.vms.subtract(guests_reported_);
  if (const auto& handover = parts_.environment->handover)
    handover->drop_filter(core_, parts_.recipe->name);
}

Task<std::string_view> WasmHostFilter::serve(pipeline::Exchange& exchange, HandedRun* handed) {
  http::Response& response = exchange.ensure_response();
  if (reads_responses_ && response.body.may_be_held()) {
    std::shared_ptr<http::BodyCharge> charge;
    if (exchange.memory) charge = std::make_shared<http::BodyCharge>(exchange.memory);
    const auto held = co_await response.body.hold(kHeldBytesMax, std::move(charge));
    if (!held) co_return broken_off(exchange, held.error());
  }
  Attempt attempt(*parts_.recipe, guest_lines_, random_, view_, exchange, handed);
  if (shared_) begin_shared(attempt);
  store::View::Turn turn;
  RunSpan span(exchange);
  while (true) {
    if (!attempt.guest) {
      turn = {};  // a request that has a guest may need the turn
      attempt.guest = pool_.try_acquire();
      if (!attempt.guest) {
        const bool known = is_known(attempt);
        if (is_crowded(known)) co_return crowded(attempt);
        const GuestWait waiting(*parts_.statistics, exchange.core().index);
        attempt.guest = co_await pool_.acquire(attempt.deadline, known);
        if (!attempt.guest) co_return no_guest(attempt);
        attempt.transaction.restart();  // other runs have committed while this one waited
      }
    }
    attempt.guest->set_context(&attempt.context);
    span.begin();
    attempt.context.begin_call(attempt.deadline, parts_.recipe->timeout);
    attempt.guest->start(kGuestRun);
    int last_slices = parts_.recipe->script ? kLastSlices : 0;
    while (!attempt.guest->poll()) {
      const TimePoint now = Clock::now();
      if (now >= attempt.deadline && last_slices-- == 0) co_return timed_out(attempt);
      const TimePoint wake = std::min(attempt.guest->wake_at(), attempt.deadline);
      if (wake > now) [[unlikely]] {
        co_await exchange.loop().sleep_for(wake - now);
      } else {
        co_await exchange.loop().yield();
      }
    }
    RunOutcome outcome = judge(attempt, attempt.guest->finish(kGuestRun));
    end_span(span, outcome);
    if (outcome == RunOutcome::failed) co_return failed(attempt);
    if (outcome == RunOutcome::done) {
      turn = {};
      attempt.guest.give_back();
      if (view_.is_durable(attempt.version) && (!shared_ || is_proven(attempt))) break;
      const TimePoint committed = Clock::now();
      Task<Result<void>> wait =
          shared_ ? settle(attempt) : view_.durable(attempt.version, attempt.deadline);
      const Result<void> settled = co_await std::move(wait);
      if (settled) break;
      outcome = judge_late(attempt, settled.error());
      if (outcome == RunOutcome::failed) co_return late(attempt, settled.error(), committed);
    }
    if (outcome == RunOutcome::elsewhere) {
      turn = {};
      attempt.guest.give_back();
      const bool here = co_await elsewhere(attempt);
      if (!here) co_return attempt.result;
    } else if (attempt.transaction.uncounted()) {
      const Result<void> counted = co_await view_.counted(attempt.deadline);
      if (!counted && counted.error().kind != ErrorKind::lost) co_return timed_out(attempt);
    }
    counters_.reruns.add();
    if (Clock::now() >= attempt.deadline) co_return timed_out(attempt);
    if (outcome == RunOutcome::again_in_turn) {
      turn = {};
      auto granted = co_await view_.turn(attempt.deadline);
      if (granted) {
        turn = std::move(*granted);
        counters_.queue_turns.add();
      } else if (granted.error().kind != ErrorKind::lost) {
        co_return timed_out(attempt);
      }
    }
    attempt.take_back();
    if (shared_) renew_moment(attempt);
  }
  co_return done(attempt);
}

void WasmHostFilter::end_span(RunSpan& span, RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::done:
      return span.end("committed", false);
    case RunOutcome::again:
    case RunOutcome::again_in_turn:
      span.note_conflict();
      return span.end("conflict", false);
    case RunOutcome::elsewhere:
      return span.end("elsewhere", false);
    case RunOutcome::failed:
      return span.end("failed", true);
  }
}

std::string_view WasmHostFilter::done(Attempt& attempt) {
  // Invariant I4: what is told is durable.
  SLUICE_DEBUG_ASSERT(view_.is_durable(attempt.version), "the run has waited for what it has read");
  if (attempt.handed == nullptr) count_run(false);
  if (attempt.full) return limit_reached(attempt);
  attempt.undo.keep();
  attempt.context.flush_logs(parts_.recipe->name);
  if (attempt.handed != nullptr) [[unlikely]]
    report_done(attempt);
  return attempt.result;
}

// The response of an earlier filter ends early. No guest has run.
std::string_view WasmHostFilter::broken_off(pipeline::Exchange& exchange, const Error& error) {
  counters_.wasm_errors.add();
  exchange.gateway_response(kStatusBadGateway, Cause::response_broken_off);
  exchange.add_tag(parts_.recipe->name + ": the response broke off: " + error.message);
  return kWasmError;
}

// The run was committed, and then the store did not say that it counts.
WasmHostFilter::RunOutcome WasmHostFilter::judge_late(const Attempt& attempt, const Error& error) {
  const bool again = error.kind == ErrorKind::conflict;
  if (!again && error.kind != ErrorKind::lost) return RunOutcome::failed;
  if (!attempt.full) count_commit(attempt).subtract();
  return again ? RunOutcome::again : RunOutcome::elsewhere;
}

WasmHostFilter::RunOutcome WasmHostFilter::judge(Attempt& attempt, Result<std::int32_t> value) {
  const bool good = value && is_result(*value);
  if (good) return commit(attempt, *value);
  const std::string words = value ? std::string() : attempt.guest->words();
  attempt.guest->kill();
  attempt.guest.give_back();
  if (attempt.transaction.stale()) {
    if (!view_.owned() && !view_.follows()) return RunOutcome::elsewhere;
    if (!attempt.transaction.uncounted()) counters_.conflicts.add();
    return RunOutcome::again;
  }
  if (shared_ && is_for_others_to_judge(attempt)) return RunOutcome::elsewhere;
  attempt.fault = fault_of(attempt, value, words);
  return RunOutcome::failed;
}

std::string WasmHostFilter::fault_of(Attempt& attempt, const Result<std::int32_t>& value,
                                     const std::string& words) {
  attempt.cause = value ? Cause::wasm_wrong_call : Cause::wasm_trap;
  if (!value) {
    // A component has returned the reason itself.
    const bool told = value.error().kind == ErrorKind::forbidden;
    return (told ? "" : "trap: ") + with_words(value.error().message, words);
  }
  if (const auto& failure = attempt.context.failure()) {
    if (!failure->time_is_over) return failure->text;
    counters_.timeouts.add();
    attempt.cause = Cause::wasm_timeout;
    return "timed out after " + format_duration(parts_.recipe->timeout) + ": " + failure->text;
  }
  return "returned " + std::to_string(*value) + ", which is no result (0 to 9)";
}

WasmHostFilter::RunOutcome WasmHostFilter::commit(Attempt& attempt, std::int32_t value) {
  if (shared_ && !may_commit(attempt)) return RunOutcome::failed;
  // Invariant I3: an exchange of which a copy is out is neither run nor answered here.
  SLUICE_DEBUG_ASSERT(attempt.unanswered == 0, "the fate of the copy is known");
  const store::ExchangeId* id = attempt.handed != nullptr ? &attempt.handed->id : nullptr;
  if (id != nullptr && !owns(attempt.handed->fence)) return RunOutcome::elsewhere;
  const store::Commit commit = view_.commit(attempt.transaction, id);
  switch (commit.status) {
    case store::CommitStatus::committed:
      attempt.version = commit.version;
      count_commit(attempt).add();
      attempt.value = value;
      attempt.result = result_name(value);
      return RunOutcome::done;
    case store::CommitStatus::full:
      attempt.version = commit.version;
      attempt.full = true;
      return RunOutcome::done;
    case store::CommitStatus::sealed:
      attempt.sealed = true;
      return RunOutcome::elsewhere;
    case store::CommitStatus::conflict:
      counters_.conflicts.add();
      ++attempt.conflicts;
      return commit.turn_held || attempt.conflicts >= store::kConflictsBeforeTurn
                 ? RunOutcome::again_in_turn
                 : RunOutcome::again;
    case store::CommitStatus::uncounted:
      return RunOutcome::again;
    case store::CommitStatus::not_owner:
      return RunOutcome::elsewhere;
    case store::CommitStatus::too_large:
      attempt.fault = "shared data: " + attempt.transaction.breach();
      attempt.cause = Cause::wasm_data_too_large;
      return RunOutcome::failed;
    case store::CommitStatus::unavailable:
      break;
  }
  counters_.store_failures.add();
  attempt.blameless = true;
  attempt.fault = "shared data: cannot be written now";
  attempt.cause = Cause::wasm_store;
  attempt.retry_after = shared_;
  return RunOutcome::failed;
}

bool WasmHostFilter::knows(const http::Request& request) const {
  const auto& known = parts_.recipe->known;
  if (!known) return false;
  const std::string key = known->key_of(request);
  return !key.empty() && view_.contains(key);
}

// Known users may wait beyond the limit of the others, up to twice that limit.
bool WasmHostFilter::is_crowded(bool known) const {
  const unsigned max = parts_.recipe->waiting_max;
  return pool_.counts().waiting >= (known ? 2 * max : max);
}

std::string_view WasmHostFilter::crowded(Attempt& attempt) {
  counters_.out_of_vm.add();
  attempt.retry_after = shared_;
  attempt.cause = Cause::wasm_crowded;
  return answer_503(attempt, kOutOfVm,
                    "no guest was free, and as many requests wait for one as maxWaiting allows");
}

std::string_view WasmHostFilter::no_guest(Attempt& attempt) {
  counters_.out_of_vm.add();
  attempt.retry_after = shared_;
  attempt.cause = Cause::wasm_no_guest;
  const std::string fault = pool_.counts().alive == 0 ? parts_.statistics->get_fault() : "";
  return answer_503(attempt, kOutOfVm,
                    fault.empty()
                        ? "no guest was free within " + format_duration(parts_.recipe->timeout)
                        : "no guest can be made: " + fault);
}

std::string_view WasmHostFilter::timed_out(Attempt& attempt) {
  std::string words;
  if (attempt.guest && attempt.guest->busy()) {
    words = attempt.guest->words();
    attempt.guest->kill();
  }
  counters_.timeouts.add();
  attempt.fault = with_words("timed out after " + format_duration(parts_.recipe->timeout), words);
  attempt.cause = Cause::wasm_timeout;
  return failed(attempt);
}

observe::Cell& WasmHostFilter::count_commit(const Attempt& attempt) {
  return attempt.transaction.has_writes() ? counters_.written : counters_.read_only;
}

// A store that had less than half of the time is not to blame.
std::string_view WasmHostFilter::late(Attempt& attempt, const Error& error, TimePoint committed) {
  const Duration timeout = parts_.recipe->timeout;
  const Duration before = committed - (attempt.deadline - timeout);
  if (error.kind != ErrorKind::timed_out || before < timeout / 2) return failed(attempt, error);
  counters_.timeouts.add();
  attempt.cause = Cause::wasm_timeout;
  const auto rounded = std::chrono::round<std::chrono::milliseconds>(before);
  attempt.fault = "timed out after " + format_duration(timeout) + ": " + format_duration(rounded) +
                  " had gone before the write";
  return failed(attempt);
}

std::string_view WasmHostFilter::failed(Attempt& attempt, const Error& error) {
  counters_.store_failures.add();
  attempt.blameless = true;
  attempt.fault = "shared data: " + error.message;
  attempt.cause = Cause::wasm_store;
  attempt.retry_after = shared_;
  return failed(attempt);
}

std::string_view WasmHostFilter::failed(Attempt& attempt) {
  counters_.wasm_errors.add();
  if (attempt.handed == nullptr && !attempt.blameless) count_run(true);
  return answer_503(attempt, kWasmError, attempt.fault);
}

// The response of an exchange in which no guest has changed anything.
http::Response& WasmHostFilter::undone(Attempt& attempt, http::Refusal refusal) const {
  attempt.guest.give_back();
  attempt.context.flush_logs(parts_.recipe->name);
  attempt.undo.restore();
  return attempt.exchange.gateway_response(refusal.status, refusal.cause);
}

// The limit is for good, so nobody is told to come again.
std::string_view WasmHostFilter::limit_reached(Attempt& attempt) {
  counters_.limit_reached.add();
  http::Response& response = undone(attempt, {kStatusForbidden, Cause::wasm_limit});
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.headers.set("Cache-Control", "no-store");
  response.body.assign("The limit is reached.\n");
  if (attempt.handed != nullptr) [[unlikely]]
    report_failed(attempt, kLimitReached, {});
  attempt.exchange.add_tag("wasm: the limit is reached");
  return kLimitReached;
}

std::string_view WasmHostFilter::answer_503(Attempt& attempt, std::string_view result,
                                            std::string text) {
  http::Response& response = undone(attempt, {kStatusUnavailable, attempt.cause});
  if (attempt.retry_after) response.headers.set("Retry-After", kOwnerRetryAfterSeconds);
  if (const auto suppressed = failures_.pass(Clock::now())) {
    parts_.recipe->logger.warn(parts_.recipe->name + ": wasm: " + text +
                               suppressed_note(*suppressed));
    parts_.statistics->set_last_failure(format_rfc3339_ms(std::chrono::system_clock::now()) + " " +
                                        text);
  }
  if (attempt.handed != nullptr) [[unlikely]]
    report_failed(attempt, result, text);
  attempt.exchange.add_tag("wasm: " + std::move(text));
  return result;
}

void WasmHostFilter::retire() {
  pool_.retire();
  report_guests();
}

void WasmHostFilter::on_created(const Result<void>& made, bool replacement) {
  if (made && replacement) counters_.vms_replaced.add();
  parts_.statistics->set_fault(made ? std::string() : made.error().message);
  report_guests();
}

void WasmHostFilter::report_guests() {
  const std::uint64_t alive = pool_.counts().alive;
  counters_.vms.add(alive - guests_reported_);
  guests_reported_ = alive;
}

}  // namespace sluice::filters
