// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/plugin_metrics.h"

#include <algorithm>

namespace sluice::filters::proxy_wasm {

bool is_metric_name(std::string_view name) {
  return !name.empty() && name.size() <= kMetricNameBytesMax &&
         std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace sluice::filters::proxy_wasm
