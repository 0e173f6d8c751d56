// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/failure_log.h"

#include <chrono>
#include <utility>

namespace sluice::filters::proxy_wasm {
namespace {

constexpr std::uint32_t kPluginFailuresPerSecond = 5;

}  // namespace

FailureLog::FailureLog(std::shared_ptr<const PluginSetup> setup, PluginStatistics& statistics,
                       unsigned core)
    : setup_(std::move(setup)),
      statistics_(statistics),
      counters_(statistics.counters.at(core)),
      lines_(kPluginFailuresPerSecond) {}

void FailureLog::note(const Error& error) {
  (error.kind == ErrorKind::timed_out     ? counters_.timeouts
   : error.kind == ErrorKind::unavailable ? counters_.no_vm
                                          : counters_.traps)
      .add();
  const auto suppressed = lines_.pass(Clock::now());
  if (!suppressed) return;
  setup_->logger.warn(setup_->name + ": proxy-wasm: " + error.message +
                      suppressed_note(*suppressed));
  statistics_.set_last_failure(format_rfc3339_ms(std::chrono::system_clock::now()) + " " +
                               error.message);
}

}  // namespace sluice::filters::proxy_wasm
