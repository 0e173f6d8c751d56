// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/plugin_metrics.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::filters::proxy_wasm {

bool is_metric_name(std::string_view name) {
  static constexpr std::string_view kOthers = "._:-/";
  return !name.empty() && name.size() <= kMetricNameBytesMax &&
         std::ranges::all_of(name, [](char c) {
           return is_alphanumeric(c) || kOthers.find(c) != std::string_view::npos;
         });
}

}  // namespace sluice::filters::proxy_wasm
