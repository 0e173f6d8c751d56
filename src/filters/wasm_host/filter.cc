// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/filter.h"

#include <algorithm>
#include <chrono>

#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/results.h"
#include "http/body_memory.h"

namespace sluice::filters {
namespace {

constexpr std::uint32_t kFailureLinesPerSecond = 5;
constexpr std::uint32_t kGuestLinesPerSecond = 100;
constexpr int kStatusUnavailable = 503;
constexpr int kStatusBadGateway = 502;
// An ownership changes hands within seconds.
constexpr const char* kOwnerRetryAfterSeconds = "1";
// The limit for holding a backend's response that the guest may read. A longer body stays a stream.
constexpr std::uint64_t kHeldBytesMax = std::uint64_t{4} << 20;

bool reads_responses(const wasm::Module& module) {
  return std::ranges::any_of(module.imports(), [](const wasm::Import& import) {
    return import.name == "host_resp_get_body";
  });
}

std::string with_words(const std::string& reason, const std::string& words) {
  return words.empty() ? reason : reason + "; the guest said: " + words;
}

class CountedWait {
 public:
  explicit CountedWait(observe::Cell& cell) : cell_(cell) { cell_.add(); }
  ~CountedWait() { cell_.subtract(); }
  CountedWait(const CountedWait&) = delete;
  CountedWait& operator=(const CountedWait&) = delete;

 private:
  observe::Cell& cell_;
};

}  // namespace

// The state of one request. Invariant: the guest is destroyed first, because its host functions use
// the other members.
struct WasmHostFilter::Attempt {
  Attempt(WasmHostFilter& filter, pipeline::Exchange& for_exchange)
      : exchange(for_exchange),
        deadline(Clock::now() + filter.parts_.recipe->timeout),
        undo(for_exchange),
        transaction(filter.view_),
        context(filter.parts_.recipe->logger, filter.guest_lines_, filter.random_, for_exchange,
                undo, transaction) {}

  // Undoes the run.
  void take_back() {
    undo.restore();
    context.restart();
    transaction.restart();
  }

  pipeline::Exchange& exchange;
  TimePoint deadline;
  Undo undo;
  store::Transaction transaction;
  HostContext context;
  int conflicts = 0;
  store::Version version = 0;
  std::string_view result;
  std::string fault;  // of a failed run
  wasm::Pool::Lease guest;
};

WasmHostFilter::WasmHostFilter(const loop::Core& core, WasmHostParts parts, unsigned share,
                               std::vector<std::unique_ptr<wasm::Instance>> guests)
    : parts_(std::move(parts)),
      reads_responses_(reads_responses(parts_.recipe->module->module())),
      view_(parts_.environment->store.view(core, parts_.recipe->name)),
      counters_(parts_.statistics->counters.at(core.index)),
      pool_(
          core.loop, share, std::move(guests),
          [recipe = parts_.recipe, &loop = core.loop] { return recipe->make(wasm::Pace(loop)); },
          [this](const Result<void>& made, bool replacement) { on_created(made, replacement); }),
      failures_(kFailureLinesPerSecond),
      guest_lines_(kGuestLinesPerSecond),
      random_(std::random_device{}()) {
  parts_.in_force->put(core, presence_);
  report_guests();
}

WasmHostFilter::~WasmHostFilter() { counters_.vms.subtract(guests_reported_); }

Task<std::string_view> WasmHostFilter::handle(pipeline::Exchange& exchange) {
  counters_.requests.add();
  http::Response& response = exchange.ensure_response();
  if (reads_responses_ && response.body.may_be_held()) {
    std::shared_ptr<http::BodyCharge> charge;
    if (exchange.memory) charge = std::make_shared<http::BodyCharge>(exchange.memory);
    const auto held = co_await response.body.hold(kHeldBytesMax, std::move(charge));
    if (!held) co_return broken_off(exchange, held.error());
  }
  Attempt attempt(*this, exchange);
  store::View::Turn turn;
  while (true) {
    if (!attempt.guest) {
      turn = {};  // a request that has a guest may need the turn
      attempt.guest = pool_.try_acquire();
      if (!attempt.guest) {
        const bool known = knows(exchange.client_request());
        if (is_crowded(known)) co_return crowded(attempt);
        const CountedWait waiting(counters_.waiting);
        attempt.guest = co_await pool_.acquire(attempt.deadline, known);
        if (!attempt.guest) co_return no_guest(attempt);
        attempt.transaction.restart();  // other runs have committed while this one waited
      }
    }
    attempt.guest->set_context(&attempt.context);
    attempt.guest->start(kGuestRun);
    while (!attempt.guest->poll()) {
      const TimePoint now = Clock::now();
      if (now >= attempt.deadline) co_return timed_out(attempt);
      const TimePoint wake = std::min(attempt.guest->wake_at(), attempt.deadline);
      if (wake > now) [[unlikely]] {
        co_await exchange.loop().sleep_for(wake - now);
      } else {
        co_await exchange.loop().yield();
      }
    }
    RunOutcome outcome = judge(attempt, attempt.guest->finish(kGuestRun));
    if (outcome == RunOutcome::failed) co_return failed(attempt);
    if (outcome == RunOutcome::done) {
      turn = {};
      attempt.guest.give_back();
      if (view_.is_durable(attempt.version)) break;
      const Result<void> durable = co_await view_.durable(attempt.version, attempt.deadline);
      if (durable) break;
      if (durable.error().kind != ErrorKind::lost) co_return failed(attempt, durable.error());
      count_commit(attempt).subtract();
      outcome = RunOutcome::not_owner;
    }
    if (outcome == RunOutcome::not_owner) {
      turn = {};
      attempt.guest.give_back();
      const Result<void> owned = co_await owner_returns(attempt);
      if (!owned) co_return without_owner(attempt, owned.error());
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
  }
  attempt.context.flush_logs(parts_.recipe->name);
  co_return attempt.result;
}

// Another process owns the shared data. Waits until this one does, if not too many wait already.
Task<Result<void>> WasmHostFilter::owner_returns(Attempt& attempt) {
  const unsigned max = parts_.recipe->waiting_max;
  if (waiting_for_owner_.get() >= (knows(attempt.exchange.client_request()) ? 2 * max : max)) {
    co_return fail(ErrorKind::unavailable,
                   "another process owns it, and as many requests wait as maxWaiting allows");
  }
  const CountedWait waiting(waiting_for_owner_);
  co_return co_await view_.ownership(attempt.deadline);
}

// The response of an earlier filter ends early. No guest has run.
std::string_view WasmHostFilter::broken_off(pipeline::Exchange& exchange, const Error& error) {
  counters_.wasm_errors.add();
  exchange.new_response().status = kStatusBadGateway;
  exchange.add_tag(parts_.recipe->name + ": the response broke off: " + error.message);
  return kWasmError;
}

WasmHostFilter::RunOutcome WasmHostFilter::judge(Attempt& attempt, Result<std::int32_t> value) {
  const bool good = value && is_result(*value);
  if (good) return commit(attempt, *value);
  const std::string words = value ? std::string() : attempt.guest->words();
  attempt.guest->kill();
  attempt.guest.give_back();
  if (attempt.transaction.stale()) {
    if (!view_.owned()) return RunOutcome::not_owner;
    if (!attempt.transaction.uncounted()) counters_.conflicts.add();
    return RunOutcome::again;
  }
  attempt.fault = value ? "returned " + std::to_string(*value) + ", which is no result (0 to 9)"
                        : "trap: " + with_words(value.error().message, words);
  return RunOutcome::failed;
}

WasmHostFilter::RunOutcome WasmHostFilter::commit(Attempt& attempt, std::int32_t value) {
  const store::Commit commit = view_.commit(attempt.transaction);
  switch (commit.status) {
    case store::CommitStatus::committed:
      attempt.version = commit.version;
      count_commit(attempt).add();
      attempt.result = result_name(value);
      return RunOutcome::done;
    case store::CommitStatus::conflict:
      counters_.conflicts.add();
      ++attempt.conflicts;
      return commit.turn_held || attempt.conflicts >= store::kConflictsBeforeTurn
                 ? RunOutcome::again_in_turn
                 : RunOutcome::again;
    case store::CommitStatus::uncounted:
      return RunOutcome::again;
    case store::CommitStatus::not_owner:
      return RunOutcome::not_owner;
    case store::CommitStatus::too_large:
      attempt.fault = "shared data: " + attempt.transaction.breach();
      return RunOutcome::failed;
    case store::CommitStatus::unavailable:
      break;
  }
  attempt.fault = "shared data: cannot be written now";
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
  return answer_503(attempt, kOutOfVm,
                    "no guest was free, and as many requests wait for one as maxWaiting allows");
}

std::string_view WasmHostFilter::no_guest(Attempt& attempt) {
  counters_.out_of_vm.add();
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
  return failed(attempt);
}

observe::Cell& WasmHostFilter::count_commit(const Attempt& attempt) {
  return attempt.transaction.has_writes() ? counters_.written : counters_.read_only;
}

std::string_view WasmHostFilter::without_owner(Attempt& attempt, const Error& error) {
  const std::string_view result = failed(attempt, error);
  attempt.exchange.response()->headers.set("Retry-After", kOwnerRetryAfterSeconds);
  return result;
}

std::string_view WasmHostFilter::failed(Attempt& attempt, const Error& error) {
  attempt.fault = "shared data: " + error.message;
  return failed(attempt);
}

std::string_view WasmHostFilter::failed(Attempt& attempt) {
  counters_.wasm_errors.add();
  return answer_503(attempt, kWasmError, attempt.fault);
}

std::string_view WasmHostFilter::answer_503(Attempt& attempt, std::string_view result,
                                            std::string text) {
  attempt.guest.give_back();
  attempt.context.flush_logs(parts_.recipe->name);
  attempt.undo.restore();
  attempt.exchange.new_response().status = kStatusUnavailable;
  if (const auto suppressed = failures_.pass(Clock::now())) {
    parts_.recipe->logger.warn(parts_.recipe->name + ": wasm: " + text +
                               suppressed_note(*suppressed));
    parts_.statistics->set_last_failure(format_rfc3339_ms(std::chrono::system_clock::now()) + " " +
                                        text);
  }
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
