// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/spec.h"

namespace sluice::filters {

void PoolSpec::validate(const std::string& path, config::Faults& faults) const {
  servers.validate(path, faults);
  unsupported.report(path, faults);
  for (const int code : failure_codes) {
    if (code >= 100 && code <= 599) continue;
    faults.add(config::join_path(path, "failureCodes"),
               std::to_string(code) + " is no status, try 100 to 599");
  }
}

void ProxySpec::validate(const std::string& path, config::Faults& faults) const {
  unsupported.report(path, faults);
  if (pools.size() != 1) {
    faults.add(config::join_path(path, "pools"), "must have exactly one pool without a filter");
  }
}

}  // namespace sluice::filters
