// SPDX-License-Identifier: Apache-2.0
// The figures of WasmHost filters, for Prometheus: guests, and shared data.
#pragma once

#include "filters/wasm_host/environment.h"
#include "observe/exposition.h"
#include "pipeline/figures.h"
#include "store/store.h"

namespace sluice::filters {

[[nodiscard]] observe::MetricFamilies wasm_metric_families();
// Any thread but a worker's.
void expose_guests(const observe::PerCore<WasmCounters>& counters,
                   const pipeline::FilterPlace& place, observe::Exposition& out);
void expose_data(const store::NamespaceStatus& data, const pipeline::FilterPlace& place,
                 observe::Exposition& out);

}  // namespace sluice::filters
