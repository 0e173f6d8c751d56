// SPDX-License-Identifier: Apache-2.0
// The figures of WasmHost filters, for Prometheus: guests, and shared data.
#pragma once

#include "filters/wasm_host/environment.h"
#include "filters/wasm_host/running_code.h"
#include "observe/exposition.h"
#include "pipeline/figures.h"
#include "store/store.h"

namespace sluice::filters {

[[nodiscard]] observe::MetricFamilies wasm_metric_families();
// The bounds of a filter, over all cores.
struct GuestBounds {
  unsigned guests_max;
  unsigned waiting_max;
};
// All for any thread but a worker's.
void expose_guests(const WasmStatistics& statistics, const GuestBounds& bounds,
                   const pipeline::FilterPlace& place, observe::Exposition& out);
void expose_code(const RunningCode& code, const pipeline::FilterPlace& place,
                 observe::Exposition& out);
void expose_data(const store::NamespaceStatus& data, const pipeline::FilterPlace& place,
                 observe::Exposition& out);

}  // namespace sluice::filters
