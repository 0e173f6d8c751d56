// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/code_trial.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/fields.h"
#include "filters/wasm_host/spec.h"

namespace sluice::filters {
namespace {

Duration::rep ticks(TimePoint time) {
  return std::chrono::duration_cast<Duration>(time.time_since_epoch()).count();
}

// For the next process.
struct TrialNote {
  std::string sha256;
  std::int64_t age_ns = 0;
  std::int64_t runs = 0;
  std::int64_t failed = 0;
  std::string trouble;
  void fields(auto& visit) {
    visit("sha256", sha256, {.required = true});
    visit("ageNs", age_ns, {.required = true});
    visit("runs", runs, {.required = true});
    visit("failed", failed, {.required = true});
    visit("trouble", trouble, {});
  }
};

}  // namespace

void CodeTrial::begin() {
  Duration::rep never = 0;
  begun_.compare_exchange_strong(never, ticks(Clock::now()));
}

std::optional<CodeTrial::Progress> CodeTrial::progress(const RollbackSpec& spec) const {
  const Duration::rep begun = begun_.load();
  if (!judged_ || begun == 0) return std::nullopt;
  const Duration left = spec.window - Duration(ticks(Clock::now()) - begun);
  return Progress{runs_before_ + counts_.sum(&Counts::runs),
                  failed_before_ + counts_.sum(&Counts::failed), std::max(left, Duration::zero())};
}

std::string CodeTrial::verdict(const RollbackSpec& spec) const {
  const auto now = progress(spec);
  if (!now || now->left == Duration::zero() || now->runs < kRunsMin) return {};
  if (static_cast<double>(now->failed) <= spec.error_rate * static_cast<double>(now->runs))
    return {};
  return std::to_string(now->failed) + " of " + std::to_string(now->runs) +
         " runs ended in wasmError within " +
         format_duration(std::chrono::ceil<std::chrono::milliseconds>(spec.window - now->left)) +
         ", errorRate is " + Json(spec.error_rate).dump();
}

pipeline::TrialState CodeTrial::state(const RollbackSpec& spec) const {
  if (!judged_) return pipeline::TrialState::none;
  if (!trouble().empty()) return pipeline::TrialState::failed;
  const auto now = progress(spec);
  const bool ended = now && now->left == Duration::zero();
  return ended ? pipeline::TrialState::passed : pipeline::TrialState::running;
}

void CodeTrial::set_trouble(const std::string& trouble) {
  const MutexLock lock(mutex_);
  trouble_ = trouble;
}

std::string CodeTrial::trouble() const {
  const MutexLock lock(mutex_);
  return trouble_;
}

Json CodeTrial::knowledge() const {
  const Duration::rep begun = begun_.load();
  if (!judged_ || begun == 0) return nullptr;
  return config::encode(
      TrialNote{.sha256 = sha256_,
                .age_ns = ticks(Clock::now()) - begun,
                .runs = static_cast<std::int64_t>(runs_before_ + counts_.sum(&Counts::runs)),
                .failed = static_cast<std::int64_t>(failed_before_ + counts_.sum(&Counts::failed)),
                .trouble = trouble()});
}

void CodeTrial::learn(const config::Value& value) {
  config::Faults faults;
  const auto note = config::decode<TrialNote>(value, "", faults);
  if (!faults.empty() || note.sha256 != sha256_ || note.runs < note.failed || note.failed < 0)
    return;
  begun_ = ticks(Clock::now()) - std::max<std::int64_t>(note.age_ns, 0);
  runs_before_ = static_cast<std::uint64_t>(note.runs);
  failed_before_ = static_cast<std::uint64_t>(note.failed);
  set_trouble(note.trouble);
}

}  // namespace sluice::filters
