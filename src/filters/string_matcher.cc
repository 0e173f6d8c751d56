// SPDX-License-Identifier: Apache-2.0
#include "filters/string_matcher.h"

#include <algorithm>

namespace sluice::filters {

std::optional<StringMatcher> StringMatcher::build(const StringMatcherSpec& spec,
                                                  const std::string& path, config::Faults& faults) {
  const bool has_pattern = !spec.exact.empty() || !spec.prefix.empty() || !spec.regex.empty();
  if (spec.empty == has_pattern) {
    faults.add(path, spec.empty ? "empty excludes exact, prefix and regex"
                                : "needs one of exact, prefix, regex and empty");
    return std::nullopt;
  }
  StringMatcher matcher;
  matcher.spec_ = spec;
  if (!spec.regex.empty()) {
    matcher.regex_ = router::Pattern::compile(spec.regex, config::join_path(path, "regex"), faults);
    if (!matcher.regex_) return std::nullopt;
  }
  return matcher;
}

bool StringMatcher::matches(std::string_view text) const {
  if (spec_.empty) return text.empty();
  if (!spec_.exact.empty() && text == spec_.exact) return true;
  if (!spec_.prefix.empty() && text.starts_with(spec_.prefix)) return true;
  return regex_ && regex_->found_in(text);
}

HeaderMatcher HeaderMatcher::build(const Spec& spec, bool all, const std::string& path,
                                   config::Faults& faults) {
  HeaderMatcher built;
  built.all_ = all;
  for (const auto& [name, condition] : spec) {
    const std::string where = config::join_path(path, name);
    if (!http::is_token(name)) faults.add(where, "\"" + name + "\" is not a header name");
    if (auto matcher = StringMatcher::build(condition, where, faults)) {
      built.conditions_.push_back({name, std::move(*matcher)});
    }
  }
  return built;
}

bool HeaderMatcher::matches(const http::Headers& headers) const {
  if (conditions_.empty()) return true;
  const auto fits = [&](const FieldCondition& condition) {
    if (!headers.contains(condition.name)) return condition.matcher.matches("");
    return std::ranges::any_of(headers, [&](const http::Field& field) {
      return http::iequals(field.name, condition.name) && condition.matcher.matches(field.value);
    });
  };
  return all_ ? std::ranges::all_of(conditions_, fits) : std::ranges::any_of(conditions_, fits);
}

void HeaderMatcher::add_names(http::FieldTwins& names) const {
  for (const FieldCondition& condition : conditions_) names.add(condition.name);
}

}  // namespace sluice::filters
