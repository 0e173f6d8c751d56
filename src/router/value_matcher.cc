// SPDX-License-Identifier: Apache-2.0
#include "router/value_matcher.h"

#include <algorithm>

namespace sluice::router {

ValueMatcher::ValueMatcher(Source source, const std::vector<ValueRuleSpec>& rules, bool all,
                           const std::string& path, config::Faults& faults)
    : source_(source), all_(all) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    Condition condition{rules[i].key, rules[i].values, std::nullopt};
    if (!rules[i].regexp.empty()) {
      const std::string where = path + "[" + std::to_string(i) + "].regexp";
      condition.pattern = Pattern::compile(rules[i].regexp, where, faults);
    }
    conditions_.push_back(std::move(condition));
  }
}

bool ValueMatcher::matches(const http::Request& request) const {
  if (conditions_.empty()) return true;
  const auto test = [&](const Condition& condition) { return holds(condition, request); };
  return all_ ? std::ranges::all_of(conditions_, test) : std::ranges::any_of(conditions_, test);
}

bool ValueMatcher::holds(const Condition& condition, const http::Request& request) const {
  if (source_ == Source::query) {
    return holds_for(condition, http::query_parameter(request.query, condition.key));
  }
  // The codec keeps Host apart from the other headers.
  if (http::iequals(condition.key, "Host")) return holds_for(condition, request.host);
  return holds_for(condition, request.headers.get(condition.key).value_or(""));
}

bool ValueMatcher::holds_for(const Condition& condition, std::string_view value) const {
  const bool in_values = std::ranges::find(condition.values, value) != condition.values.end();
  const bool found = condition.pattern && condition.pattern->found_in(value);
  if (!all_) return in_values || found;
  return (in_values || condition.values.empty()) && (found || !condition.pattern);
}

}  // namespace sluice::router
