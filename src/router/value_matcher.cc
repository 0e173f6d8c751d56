// SPDX-License-Identifier: Apache-2.0
#include "router/value_matcher.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"
#include "http/query.h"

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
  bool found = false;
  bool holds = false;
  const auto try_value = [&](std::string_view value) {
    found = true;
    holds = holds || holds_for(condition, value);
  };
  if (source_ == Source::query) {
    http::for_each_parameter(request.query, condition.key, try_value);
  } else if (http::iequals(condition.key, "Host")) {  // the codec keeps it apart from the others
    try_value(request.host);
  } else {
    for (const http::Field& field : request.headers) {
      if (!http::iequals(field.name, condition.key)) continue;
      found = true;
      holds = holds || holds_for_field(condition, field.value);
    }
  }
  return found ? holds : holds_for(condition, "");
}

bool ValueMatcher::holds_for_field(const Condition& condition, std::string_view value) const {
  if (holds_for(condition, value)) return true;
  if (value.find(',') == value.npos) return false;
  while (!value.empty()) {
    if (holds_for(condition, trim_ows(take_until(value, ',')))) return true;
  }
  return false;
}

bool ValueMatcher::holds_for(const Condition& condition, std::string_view value) const {
  const bool in_values = std::ranges::find(condition.values, value) != condition.values.end();
  const bool found = condition.pattern && condition.pattern->found_in(value);
  if (!all_) return in_values || found;
  return (in_values || condition.values.empty()) && (found || !condition.pattern);
}

}  // namespace sluice::router
