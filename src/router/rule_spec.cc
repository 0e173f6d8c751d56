// SPDX-License-Identifier: Apache-2.0
#include "router/rule_spec.h"

namespace sluice::router {

void ValueRuleSpec::validate(const std::string& path, config::Faults& faults) const {
  if (values.empty() && regexp.empty()) faults.add(path, "needs values, regexp, or both");
}

void PathSpec::validate(const std::string& where, config::Faults& faults) const {
  if (rewrite_target.empty()) return;
  const std::string target = config::join_path(where, "rewriteTarget");
  const bool has_text = !path.empty() || !path_prefix.empty();
  if (!has_text && path_regexp.empty()) {
    faults.add(target, "needs path, pathPrefix or pathRegexp");
  } else if (has_text && !rewrite_target.starts_with('/')) {
    faults.add(target, config::quote(rewrite_target) + " is not a path, it must begin with /");
  }
}

}  // namespace sluice::router
