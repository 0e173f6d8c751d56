// SPDX-License-Identifier: Apache-2.0
// CodeTrial: counts the runs of code that has taken the place of other code, and says when too many
// of them fail, so that the gateway goes back (`rollback` of a WasmHost).
//
// A hot restart passes it on. After another start, the trial begins anew: the history of the code
// knows that it has not ended (pipeline/code_record.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/mutex.h"
#include "base/time.h"
#include "config/value.h"
#include "observe/counter.h"
#include "pipeline/with_code.h"

namespace sluice::filters {

struct RollbackSpec;

// All generations of a filter that run the same code share it. Any thread.
class CodeTrial {
 public:
  // Fewer runs say nothing of code.
  static constexpr std::uint64_t kRunsMin = 50;

  // `judged`: the code has taken the place of other code, and nobody has gone back to it.
  CodeTrial(std::string sha256, bool judged, unsigned core_count)
      : sha256_(std::move(sha256)), judged_(judged), counts_(core_count) {}

  [[nodiscard]] bool is_judged() const { return judged_; }
  // The code is in force: its window begins. Later calls do nothing.
  void begin();
  // On the thread of the core.
  void count_run(unsigned core, bool failed) {
    Counts& counts = counts_.at(core);
    counts.runs.add();
    if (failed) counts.failed.add();
  }
  // Why the code is to go, or "". After the window it is always "".
  [[nodiscard]] std::string verdict(const RollbackSpec& spec) const;
  struct Progress {
    std::uint64_t runs;
    std::uint64_t failed;
    Duration left;  // of the window; 0: it has ended
  };
  // Nullopt: the code is not judged, or not in force yet.
  [[nodiscard]] std::optional<Progress> progress(const RollbackSpec& spec) const;
  [[nodiscard]] pipeline::TrialState state(const RollbackSpec& spec) const;
  // Why the verdict could not be carried out; "": it was, or there is none.
  void set_trouble(const std::string& trouble);
  [[nodiscard]] std::string trouble() const;

  // As of pipeline::Learning. learn() ignores the trial of other code. Requires: nobody else has
  // this one.
  [[nodiscard]] Json knowledge() const;
  void learn(const config::Value& value);

 private:
  struct Counts {
    observe::Cell runs;
    observe::Cell failed;
  };
  const std::string sha256_;
  const bool judged_;
  std::atomic<Duration::rep> begun_{0};  // since the epoch of Clock; 0: not in force yet
  observe::PerCore<Counts> counts_;
  std::uint64_t runs_before_ = 0;  // in the process before
  std::uint64_t failed_before_ = 0;
  mutable Mutex mutex_;
  std::string trouble_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
