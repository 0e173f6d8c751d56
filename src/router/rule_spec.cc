// SPDX-License-Identifier: Apache-2.0
#include "router/rule_spec.h"

#include <algorithm>
#include <array>
#include <utility>

#include "router/pattern.h"

namespace sluice::router {
namespace {

// Beside those that a rule has, too.
constexpr std::array<std::string_view, 7> kFieldsOfPaths = {
    "path", "pathPrefix", "pathRegexp", "rewriteTarget", "methods", "backend", "clientMaxBodySize"};

// The fields of a path in a rule. Adds their faults by the names that they have in the document,
// which has no `paths`: empty then, so that none is told twice.
config::Value only_path(config::Value fields, const std::string& rule, config::Faults& faults) {
  const std::size_t before = faults.count();
  if (const config::Value* path = fields.find("path");
      path != nullptr && path->kind == config::Value::Kind::sequence) {
    faults.add(config::join_path(rule, "path"), "is a list, did you mean \"paths\"?");
  } else {
    const auto spec = config::decode<PathSpec>(fields, rule, faults);
    if (faults.count() == before && !spec.path_regexp.empty())
      (void)Pattern::compile(spec.path_regexp, config::join_path(rule, "pathRegexp"), faults);
  }
  config::Value list;
  list.kind = config::Value::Kind::sequence;
  if (faults.count() == before) list.items.push_back(std::move(fields));
  return list;
}

}  // namespace

void ValueRuleSpec::validate(const std::string& path, config::Faults& faults) const {
  if (values.empty() && regexp.empty()) faults.add(path, "needs values, regexp, or both");
}

std::optional<config::Value> RuleSpec::mended(const config::Value& rule, const std::string& path,
                                              config::Faults& faults) {
  const config::Value* paths = rule.find("paths");
  if (paths != nullptr && (!paths->items.empty() || !paths->members.empty())) return std::nullopt;
  config::Value out = rule;
  config::Value one;
  one.kind = config::Value::Kind::map;
  for (const config::Value::Member& member : rule.members) {
    if (std::ranges::find(kFieldsOfPaths, member.key) == kFieldsOfPaths.end()) continue;
    faults.warn(config::join_path(path, member.key), "read as of a path: it belongs into paths");
    one.members.push_back(member);
  }
  if (one.members.empty()) return std::nullopt;
  std::erase_if(out.members, [](const config::Value::Member& member) {
    return member.key == "paths" ||
           std::ranges::find(kFieldsOfPaths, member.key) != kFieldsOfPaths.end();
  });
  out.members.push_back({"paths", only_path(std::move(one), path, faults)});
  return out;
}

void PathSpec::validate_backend(const std::string& where, config::Faults& faults) const {
  if (backend.empty() && !has_pool())
    faults.add(config::join_path(where, "backend"), "is required");
  if (!backend.empty() && has_pool()) {
    faults.add(config::join_path(where, "backendPool"),
               "stands beside backend: leave out one of them");
  }
}

void PathSpec::validate(const std::string& where, config::Faults& faults) const {
  validate_backend(where, faults);
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
