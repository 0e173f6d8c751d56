// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/spec.h"

#include <algorithm>

namespace sluice::filters {

void PoolSpec::validate(const std::string& path, config::Faults& faults) const {
  servers.validate(path, faults);
  for (const int code : failure_codes) {
    if (code >= 100 && code <= 599) continue;
    faults.add(config::join_path(path, "failureCodes"),
               std::to_string(code) + " is no status, try 100 to 599");
  }
}

void MirrorSpec::validate(const std::string& path, config::Faults& faults) const {
  pool.validate(path, faults);
  if (!pool.filter) faults.add(config::join_path(path, "filter"), "is required in a mirror pool");
}

void ProxySpec::validate(const std::string& path, config::Faults& faults) const {
  const auto main_pools =
      std::ranges::count_if(pools, [](const PoolSpec& pool) { return !pool.filter; });
  if (main_pools != 1) {
    faults.add(config::join_path(path, "pools"),
               "must have exactly one pool without a filter, not " + std::to_string(main_pools));
  }
}

}  // namespace sluice::filters
