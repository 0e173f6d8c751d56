// SPDX-License-Identifier: Apache-2.0
// PluginStatistics: the counters of a filter, and why it fails. The next generation takes them
// over. Any thread.
#pragma once

#include "filters/wasm_host/failure_notes.h"
#include "observe/counter.h"

namespace sluice::filters::proxy_wasm {

struct PluginCounters {
  observe::Cell requests;
  observe::Cell answered;  // by the guest itself
  observe::Cell traps;     // of these three, one for each request or other callback that failed
  observe::Cell timeouts;
  observe::Cell no_vm;
  observe::Cell replaced;  // VMs
  observe::Cell calls_answered;
  observe::Cell calls_failed;
};

struct PluginStatistics : FailureNotes {
  explicit PluginStatistics(unsigned core_count) : counters(core_count) {}
  observe::PerCore<PluginCounters> counters;
};

}  // namespace sluice::filters::proxy_wasm
