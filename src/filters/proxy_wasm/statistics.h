// SPDX-License-Identifier: Apache-2.0
// PluginStatistics: the counters of a filter, and why it fails. The next generation takes them
// over. Any thread.
#pragma once

#include <string>

#include "base/mutex.h"
#include "observe/counter.h"

namespace sluice::filters::proxy_wasm {

struct PluginCounters {
  observe::Cell requests;
  observe::Cell answered;  // by the guest itself
  observe::Cell traps;     // of these three, one for each failed request
  observe::Cell timeouts;
  observe::Cell no_vm;
  observe::Cell replaced;  // VMs
  observe::Cell calls_answered;
  observe::Cell calls_failed;
};

struct PluginStatistics {
  explicit PluginStatistics(unsigned core_count) : counters(core_count) {}

  // Why a VM is missing; "" if none is.
  void set_fault(std::string text) {
    const MutexLock lock(mutex_);
    fault_ = std::move(text);
  }
  [[nodiscard]] std::string get_fault() const {
    const MutexLock lock(mutex_);
    return fault_;
  }
  // Time and reason of a recent failure; "" if there was none.
  void set_last_failure(std::string text) {
    const MutexLock lock(mutex_);
    last_failure_ = std::move(text);
  }
  [[nodiscard]] std::string get_last_failure() const {
    const MutexLock lock(mutex_);
    return last_failure_;
  }

  observe::PerCore<PluginCounters> counters;

 private:
  mutable Mutex mutex_;
  std::string fault_ SLUICE_GUARDED_BY(mutex_);
  std::string last_failure_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters::proxy_wasm
