// SPDX-License-Identifier: Apache-2.0
// HandedRuns: the exchanges that other members have handed over to this core of the owner. Each is
// run once under one fence, however many copies of it come, and its answer is kept until its sender
// no longer waits for it. Core-bound.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "filters/wasm_host/handover/handover.h"
#include "filters/wasm_host/handover/message.h"
#include "loop/core.h"
#include "loop/on_core.h"
#include "loop/task.h"

namespace sluice::filters {

struct HandedRunsLimits {
  // Exchanges that run or are remembered. An exchange that waits long holds the answers to all
  // later ones of its lane.
  std::size_t runs_max = 100'000;
  // The bodies of those that run, and the answers that are remembered.
  std::size_t bytes_max = std::size_t{256} << 20;
  std::size_t lanes_max = 4096;
  // An answer is dropped when its sender has been silent for so long. A later copy is refused.
  Duration answer_kept = std::chrono::minutes(1);
  // The floor of a silent sender is kept for longer than TCP resends anything (tcp(7): at most
  // about 15 minutes).
  Duration floor_kept = std::chrono::hours(1);
};

class HandedRuns {
 public:
  // An encoded HandedAnswer.
  using Answer = std::shared_ptr<const std::string>;
  // Gets the answer. Called at most once, on the core's thread; never, if this is destroyed first.
  using Reply = std::move_only_function<void(Answer)>;

  // `handover` and `core` outlive this.
  HandedRuns(const loop::Core& core, Handover& handover, HandedRunsLimits limits = {});
  ~HandedRuns();
  HandedRuns(const HandedRuns&) = delete;
  HandedRuns& operator=(const HandedRuns&) = delete;

  // Runs the exchange, unless a copy of it runs or has run.
  void accept(HandedExchange message, Reply reply);
  // The exchanges that run or are remembered.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct LaneKey {
    store::RandomId incarnation;
    std::uint32_t lane;
    auto operator<=>(const LaneKey&) const = default;
  };
  struct Entry;
  struct Lane {
    std::uint64_t floor = 0;
    TimePoint heard;
    std::map<std::uint64_t, std::shared_ptr<Entry>> entries;  // by counter
  };
  [[nodiscard]] Lane* lane_for(const HandedHead& head);
  void raise_floor(Lane& lane, std::uint64_t floor);
  void forget_silent(TimePoint now);
  void begin(Lane& lane, HandedExchange message, Reply reply);
  void drop(Entry& entry, HandedAnswer::Refusal why);
  Task<void> run(Entry& entry, HandedExchange message, std::shared_ptr<WasmHostFilter> filter);

  const loop::Core& core_;
  [[no_unique_address]] loop::OnCore on_core_;
  Handover& handover_;
  const HandedRunsLimits limits_;
  std::map<LaneKey, Lane> lanes_;
  std::vector<Task<void>> ended_;  // runs that have ended: their frames are large
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  TimePoint forget_at_{};
};

}  // namespace sluice::filters
