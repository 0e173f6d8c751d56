// SPDX-License-Identifier: Apache-2.0
// FailureLog: counts, logs and keeps why callbacks of a guest fail. Core-bound.
#pragma once

#include <memory>

#include "base/result.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/statistics.h"
#include "filters/wasm_host/log_gate.h"

namespace sluice::filters::proxy_wasm {

class FailureLog {
 public:
  FailureLog(std::shared_ptr<const PluginSetup> setup, PluginStatistics& statistics, unsigned core);
  // To be called once for each failure: by whoever waits for the callback, else by the VM.
  void note(const Error& error);

 private:
  const std::shared_ptr<const PluginSetup> setup_;
  PluginStatistics& statistics_;
  PluginCounters& counters_;
  LogGate lines_;
};

}  // namespace sluice::filters::proxy_wasm
