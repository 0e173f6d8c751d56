// SPDX-License-Identifier: Apache-2.0
// What all WasmHost filters of the process share, and the counters of one of them.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/mutex.h"
#include "filters/wasm_host/guest_budget.h"
#include "filters/wasm_host/kept_code.h"
#include "observe/counter.h"
#include "store/store.h"
#include "wasm/engine.h"
#include "wasm/linker.h"

namespace sluice::filters {

struct WasmEnvironment {
  wasm::Engine& engine;
  std::unique_ptr<const wasm::Linker> linker;
  store::Store& store;
  Logger logger;
  unsigned core_count;
  std::unique_ptr<KeptCode> kept;
  std::unique_ptr<GuestBudget> guests;
};

struct WasmCounters {
  observe::Cell requests;
  observe::Cell wasm_errors;  // outOfVM not included
  observe::Cell timeouts;     // of the wasm_errors
  observe::Cell out_of_vm;
  observe::Cell written;    // runs that became part of the chain
  observe::Cell read_only;  // runs that had nothing to write
  observe::Cell conflicts;
  observe::Cell reruns;
  observe::Cell queue_turns;
  observe::Cell waiting;  // now
  observe::Cell vms;      // now
  observe::Cell vms_replaced;
};

// Lives on in the next generation of the filter. Any thread.
struct WasmStatistics {
  explicit WasmStatistics(unsigned core_count) : counters(core_count) {}

  // Why no replacement for a dead guest could be made; "" when one could.
  void set_fault(std::string text) {
    const MutexLock lock(mutex);
    fault = std::move(text);
  }
  [[nodiscard]] std::string get_fault() const {
    const MutexLock lock(mutex);
    return fault;
  }

  // Why a request ended with wasmError or outOfVM, and when: one of the last; "" if none has.
  void set_last_failure(std::string text) {
    const MutexLock lock(mutex);
    last_failure = std::move(text);
  }
  [[nodiscard]] std::string get_last_failure() const {
    const MutexLock lock(mutex);
    return last_failure;
  }

  observe::PerCore<WasmCounters> counters;

 private:
  mutable Mutex mutex;
  std::string fault SLUICE_GUARDED_BY(mutex);
  std::string last_failure SLUICE_GUARDED_BY(mutex);
};

}  // namespace sluice::filters
