// SPDX-License-Identifier: Apache-2.0
// The state of one request in a WasmHostFilter. For the .cc files of filter.h only.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "filters/wasm_host/filter.h"

namespace sluice::filters {

// Invariant: the guest is destroyed first, because its host functions use the other members.
struct WasmHostFilter::Attempt {
  Attempt(WasmHostFilter& filter, pipeline::Exchange& for_exchange, HandedRun* handed_run)
      : exchange(for_exchange),
        handed(handed_run),
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
  // The end of all waiting. Constant: a pause moves `deadline` and shortens `patience`.
  [[nodiscard]] TimePoint end() const { return deadline + patience; }
  // The time since `begin` was spent on waiting for the store or an owner: it does not count
  // against the filter's `timeout`, as long as the patience lasts.
  void pause(TimePoint begin) {
    const Duration paused =
        std::clamp<Duration>(Clock::now() - begin, Duration::zero(), patience);
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
  bool failed_here = false;    // the guest failed on a replica: the owner judges
  bool writes_forbidden = false;  // the exchange has had its effect: only its answer is missing
  store::Version version = 0;
  std::int32_t value = 0;  // that the guest returned
  std::string_view result;
  std::string fault;         // of a failed run
  bool retry_after = false;  // a failed run may succeed in a moment
  // While it is handed over.
  std::optional<Sender::Ticket> ticket{};
  bool needs_bodies = false;    // the owner has asked for them
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

}  // namespace sluice::filters
