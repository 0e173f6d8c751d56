// SPDX-License-Identifier: Apache-2.0
// The figures of a ProxyWasm filter for Prometheus, with those that its guest defines.
#pragma once

#include "filters/proxy_wasm/plugin_metrics.h"
#include "filters/proxy_wasm/statistics.h"
#include "observe/exposition.h"
#include "pipeline/figures.h"

namespace sluice::filters::proxy_wasm {

[[nodiscard]] observe::MetricFamilies plugin_metric_families();
void expose_plugin(const PluginStatistics& statistics, const pipeline::FilterPlace& place,
                   observe::Exposition& out);
void expose_metrics(const PluginMetrics& metrics, const pipeline::FilterPlace& place,
                    observe::Exposition& out);

}  // namespace sluice::filters::proxy_wasm
