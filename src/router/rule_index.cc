// SPDX-License-Identifier: Apache-2.0
#include "router/rule_index.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"

namespace sluice::router {
namespace {

using MatchKind = HostMatcher::MatchKind;

bool has_capital(std::string_view text) { return std::ranges::any_of(text, is_upper); }

// Equal for rules with the same hosts, and for no others.
std::string key_of(const HostMatcher& hosts) {
  std::vector<std::string> parts;
  for (const HostMatcher::Literal& each : hosts.literals())
    parts.push_back(std::to_string(static_cast<int>(each.kind)) + lower_case(each.text));
  for (const Pattern& each : hosts.patterns()) parts.push_back("~" + each.re2().pattern());
  std::ranges::sort(parts);
  std::string key;
  for (const std::string& part : parts) key += std::to_string(part.size()) + ":" + part;
  return key;
}

}  // namespace

RuleIndex::Group RuleIndex::group_of(const HostMatcher& hosts) {
  const auto [known, is_new] =
      known_.try_emplace(key_of(hosts), static_cast<Group>(groups_.size()));
  const Group group = known->second;
  if (!is_new) return group;
  groups_.emplace_back();
  for (const HostMatcher::Literal& each : hosts.literals()) {
    using enum TextTable::Fit;
    TextTable& table = each.kind == MatchKind::suffix ? host_ends_ : host_texts_;
    table.add(each.text, each.kind == MatchKind::exact ? whole : beginning, group);
  }
  for (const Pattern& each : hosts.patterns()) host_patterns_.add(each.re2().pattern(), group);
  if (hosts.literals().empty() && hosts.patterns().empty()) any_host_.push_back(group);
  return group;
}

void RuleIndex::add(Group group, const PathMatcher& path, Ordinal ordinal) {
  GroupPaths& paths = groups_[group];
  if (!path.exact().empty()) paths.texts.add(path.exact(), TextTable::Fit::whole, ordinal);
  if (!path.prefix().empty()) paths.texts.add(path.prefix(), TextTable::Fit::beginning, ordinal);
  if (path.pattern()) {
    const std::string& pattern = path.pattern()->re2().pattern();
    paths.patterns.add(pattern, ordinal);
    paths.any_case.add(pattern, ordinal);
    paths.capitals |= has_capital(pattern);
  }
  if (path.segments()) paths.segments.add(path.segments()->re2().pattern(), ordinal);
  if (path.near_segments()) paths.near_segments.add(path.near_segments()->re2().pattern(), ordinal);
  if (path.exact().empty() && path.prefix().empty() && !path.pattern() && !path.segments())
    paths.all.push_back(ordinal);
}

void RuleIndex::finish() {
  known_.clear();
  host_patterns_.finish();
  for (GroupPaths& paths : groups_) {
    has_expressions_ |= !paths.patterns.empty() || !paths.segments.empty();
    paths.patterns.finish();
    paths.any_case.finish();
    paths.segments.finish();
    paths.near_segments.finish();
  }
}

void RuleIndex::find_groups(std::string_view host, Candidates& out) const {
  out.add(any_host_);
  host_texts_.find(host, out);
  host_ends_.find(host, out);
  if (!host_patterns_.empty()) host_patterns_.find(host, out);
}

void RuleIndex::find(std::string_view host, std::string_view path, Candidates& out) const {
  Candidates groups;
  find_groups(host, groups);
  while (const auto group = groups.next()) {
    const GroupPaths& paths = groups_[*group];
    out.add(paths.all);
    paths.texts.find(path, out);
    if (!paths.segments.empty()) paths.segments.find(path, out);
    if (!paths.patterns.empty()) paths.patterns.find(path, out);
  }
}

void RuleIndex::find_near(std::string_view host, std::string_view path, Candidates& out) const {
  Candidates groups;
  find_groups(host, groups);
  while (const auto group = groups.next()) find_near(groups_[*group], path, out);
}

void RuleIndex::find_near(const GroupPaths& paths, std::string_view path, Candidates& out) {
  const std::string_view shorter = without_end_slash(path);
  const bool slash = shorter != path;
  paths.texts.find(path, out);
  if (slash) paths.texts.find_whole(shorter, out);
  if (!paths.segments.empty()) {
    paths.near_segments.find(path, out);
    if (slash) paths.near_segments.find(shorter, out);
  }
  if (paths.patterns.empty()) return;
  if (paths.capitals || has_capital(path)) paths.any_case.find(path, out);
  if (!slash) return;
  paths.any_case.find(shorter, out);
  paths.patterns.find(shorter, out);
}

}  // namespace sluice::router
