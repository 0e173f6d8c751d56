// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/code_trial.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "filters/wasm_host/spec.h"

namespace sluice::filters {
namespace {

Duration::rep ticks(TimePoint time) {
  return std::chrono::duration_cast<Duration>(time.time_since_epoch()).count();
}

}  // namespace

void CodeTrial::begin() {
  Duration::rep never = 0;
  begun_.compare_exchange_strong(never, ticks(Clock::now()));
}

std::optional<CodeTrial::Progress> CodeTrial::progress(const RollbackSpec& spec) const {
  const Duration::rep begun = begun_.load();
  if (!judged_ || begun == 0) return std::nullopt;
  const Duration left = spec.window - Duration(ticks(Clock::now()) - begun);
  if (left <= Duration::zero()) return std::nullopt;
  return Progress{counts_.sum(&Counts::runs), counts_.sum(&Counts::failed), left};
}

std::string CodeTrial::verdict(const RollbackSpec& spec) const {
  const auto now = progress(spec);
  if (!now || now->runs < kRunsMin) return {};
  if (static_cast<double>(now->failed) <= spec.error_rate * static_cast<double>(now->runs))
    return {};
  return std::to_string(now->failed) + " of " + std::to_string(now->runs) +
         " runs ended in wasmError within " +
         format_duration(std::chrono::ceil<std::chrono::milliseconds>(spec.window - now->left)) +
         ", errorRate is " + Json(spec.error_rate).dump();
}

}  // namespace sluice::filters
