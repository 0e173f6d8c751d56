// SPDX-License-Identifier: Apache-2.0
// The state that all WasmHost filters of the process share, and the counters of one filter.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "filters/wasm_host/failure_notes.h"
#include "filters/wasm_host/guest_budget.h"
#include "filters/wasm_host/handover/handover.h"
#include "filters/wasm_host/kept_code.h"
#include "filters/wasm_host/script_engines.h"
#include "observe/counter.h"
#include "observe/durations.h"
#include "store/store.h"
#include "wasm/engine.h"
#include "wasm/linker.h"

namespace sluice::filters {

struct WasmEnvironment {
  wasm::Engine& engine;
  std::unique_ptr<const wasm::Linker> linker;
  std::unique_ptr<ScriptEngines> scripts;  // null: there are no builtin engines
  store::Store& store;
  Logger logger;
  unsigned core_count;
  std::unique_ptr<KeptCode> kept;
  std::shared_ptr<GuestBudget> guests;
  std::shared_ptr<Handover> handover{};  // null: exchanges are not handed over
  bool offline = false;                  // code at a URL is not read
};

struct WasmCounters {
  observe::Cell requests;
  observe::Cell wasm_errors;  // without outOfVM
  observe::Cell timeouts;     // a part of wasm_errors
  // Another part: shared data was not written, or not in time.
  observe::Cell store_failures;
  observe::Cell out_of_vm;
  observe::Cell written;    // runs whose writes are in the chain
  observe::Cell read_only;  // runs that had nothing to write
  observe::Cell limit_reached;
  observe::Cell conflicts;
  observe::Cell reruns;
  observe::Cell queue_turns;
  observe::Cell handed_over;      // requests, to the owner of the data
  observe::Cell run_for_others;   // requests of other members
  observe::Cell confirmed_reads;  // read-only runs that waited for a confirmation
  observe::Cell waiting;          // a gauge
  observe::Cell vms;              // a gauge
  observe::Cell vms_replaced;

  void count_failure(bool out_of_guests) { (out_of_guests ? out_of_vm : wasm_errors).add(); }
};

// The next generation of the filter takes this over. Any thread.
struct WasmStatistics : FailureNotes {
  explicit WasmStatistics(unsigned core_count) : counters(core_count), guest_waits(core_count, 1) {}
  observe::PerCore<WasmCounters> counters;
  observe::DurationTable guest_waits;  // one row
};

}  // namespace sluice::filters
