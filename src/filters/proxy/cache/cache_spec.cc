// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/cache_spec.h"

#include "http/headers.h"

namespace sluice::filters {

void MemoryCacheSpec::validate(const std::string& path, config::Faults& faults) const {
  for (const int code : codes) {
    const bool part = code == 206 || code == 304;
    if (code >= 200 && code <= 599 && !part) continue;
    faults.add(config::join_path(path, "codes"),
               std::to_string(code) + (part ? " is not a whole response and cannot be kept"
                                            : " is no final status, try 200 to 599"));
  }
  for (const std::string& name : targeted_fields) {
    if (http::is_token(name)) continue;
    faults.add(config::join_path(path, "targetedFields"),
               "\"" + name + "\" is no name of a field, try CDN-Cache-Control");
  }
}

}  // namespace sluice::filters
