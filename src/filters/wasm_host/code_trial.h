// SPDX-License-Identifier: Apache-2.0
// CodeTrial: counts the runs of code that has taken the place of other code, and says when too many
// of them fail, so that the gateway goes back (`rollback` of a WasmHost).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "observe/counter.h"

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

  [[nodiscard]] const std::string& sha256() const { return sha256_; }
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
    Duration left;  // of the window
  };
  // Nullopt: the code is not judged, or not any more.
  [[nodiscard]] std::optional<Progress> progress(const RollbackSpec& spec) const;

 private:
  struct Counts {
    observe::Cell runs;
    observe::Cell failed;
  };
  const std::string sha256_;
  const bool judged_;
  std::atomic<Duration::rep> begun_{0};  // since the epoch of Clock; 0: not in force yet
  observe::PerCore<Counts> counts_;
};

}  // namespace sluice::filters
