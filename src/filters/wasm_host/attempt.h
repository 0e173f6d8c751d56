// SPDX-License-Identifier: Apache-2.0
// Attempt: the state of one request in a WasmHostFilter. Core-bound.
#pragma once

#include <algorithm>
#include <optional>
#include <random>
#include <string>

#include "base/time.h"
#include "filters/wasm_host/environment.h"
#include "filters/wasm_host/handover/handed_run.h"
#include "filters/wasm_host/handover/sender.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/log_gate.h"
#include "filters/wasm_host/recipe.h"
#include "filters/wasm_host/undo.h"
#include "observe/counter.h"
#include "pipeline/exchange.h"
#include "store/store.h"
#include "wasm/pool.h"

namespace sluice::filters {

// Invariant: the guest is destroyed first, because its host functions use the other members.
struct Attempt {
  // All arguments outlive it.
  Attempt(const Recipe& recipe, LogGate& guest_lines, std::mt19937_64& random, store::View& view,
          pipeline::Exchange& for_exchange, HandedRun* handed_run)
      : exchange(for_exchange),
        handed(handed_run),
        deadline(Clock::now() + recipe.timeout),
        undo(for_exchange),
        transaction(view),
        context(recipe.logger, guest_lines, random, for_exchange, undo, transaction) {}

  // Undoes the run.
  void take_back() {
    undo.restore();
    context.restart();
    transaction.restart();
    full = sealed = false;
  }
  // The end of all waiting. Constant: a pause moves `deadline` and shortens `patience`.
  [[nodiscard]] TimePoint end() const { return deadline + patience; }
  // The time since `begin` was spent on waiting for the store or an owner: it does not count
  // against the filter's `timeout`, as long as the patience lasts.
  void pause(TimePoint begin) {
    const Duration paused = std::clamp<Duration>(Clock::now() - begin, Duration::zero(), patience);
    deadline += paused;
    patience -= paused;
  }

  pipeline::Exchange& exchange;
  HandedRun* const handed;  // null: the exchange is of this member
  TimePoint deadline;       // of the run, by the filter's `timeout`
  Duration patience{};      // for the store and for an owner, beside it
  store::View::Moment moment{};
  Undo undo;
  store::Transaction transaction;
  HostContext context;
  int conflicts = 0;
  bool full = false;              // the run ends with limitReached
  bool sealed = false;            // the shared data has to be opened first
  bool failed_here = false;       // the guest failed on a replica: the owner judges
  bool writes_forbidden = false;  // the exchange has had its effect: only its answer is missing
  store::Version version = 0;
  std::int32_t value = 0;  // that the guest returned
  std::string_view result;
  std::string fault;                           // of a failed run
  http::Cause cause = http::Cause::wasm_trap;  // likewise
  bool blameless = false;                      // the store has failed, and not the code
  bool retry_after = false;                    // a failed run may succeed in a moment
  // While it is handed over.
  std::optional<Sender::Ticket> ticket{};
  bool needs_bodies = false;    // the owner has asked for them
  std::string trouble;          // of the last try to reach the owner
  store::Fence unanswered = 0;  // a copy may have been run under this fence; 0: none
  wasm::Pool::Lease guest;
};

// A gauge of requests, while this lives.
class CountedWait {
 public:
  explicit CountedWait(observe::Cell& cell) : cell_(cell) { cell_.add(); }
  ~CountedWait() { cell_.subtract(); }
  CountedWait(const CountedWait&) = delete;
  CountedWait& operator=(const CountedWait&) = delete;

 private:
  observe::Cell& cell_;
};

// A request that waits for a guest, while this lives. On the core's thread.
class GuestWait {
 public:
  GuestWait(WasmStatistics& statistics, unsigned core)
      : statistics_(statistics), core_(core), counted_(statistics.counters.at(core).waiting) {}
  ~GuestWait() { statistics_.guest_waits.add(core_, 0, Clock::now() - began_); }
  GuestWait(const GuestWait&) = delete;
  GuestWait& operator=(const GuestWait&) = delete;

 private:
  WasmStatistics& statistics_;
  const unsigned core_;
  const CountedWait counted_;
  const TimePoint began_ = Clock::now();
};

}  // namespace sluice::filters
