// SPDX-License-Identifier: Apache-2.0
#include "server/route_stats.h"

#include <set>

#include "base/utf8.h"

namespace sluice::server {
namespace {

constexpr std::size_t kNameBytesMax = 160;

std::string hosts_of(const router::RuleSpec& rule) {
  std::string name = rule.host;
  const auto add = [&name](bool is_regexp, const std::string& value) {
    if (value.empty()) return;
    if (!name.empty()) name += '|';
    if (is_regexp) name += '~';
    name += value;
  };
  add(true, rule.host_regexp);
  for (const router::HostSpec& host : rule.hosts) add(host.is_regexp, host.value);
  return name;
}

std::string text_of(const router::PathSpec& path) {
  if (!path.path.empty()) return path.path;
  if (!path.path_prefix.empty()) return path.path_prefix + "*";
  return path.path_regexp.empty() ? "/*" : "~" + path.path_regexp;
}

}  // namespace

std::string route_name(const router::RuleSpec& rule, const router::PathSpec& path) {
  const std::string name = hosts_of(rule) + text_of(path);
  return std::string(utf8_prefix(name, kNameBytesMax));
}

RouteStats::OfPaths RouteStats::counts_of(const std::vector<router::RuleSpec>& rules) {
  OfPaths all;
  std::set<Key> own;
  const MutexLock lock(mutex_);
  for (const router::RuleSpec& rule : rules) {
    for (const router::PathSpec& path : rule.paths) {
      Key key{route_name(rule, path), path.backend};
      if (own.size() >= kRoutesMax && !own.contains(key)) key = {std::string(kOthers), ""};
      own.insert(key);
      auto& known = known_[key];
      auto counts = known.lock();
      if (!counts) known = counts = std::make_shared<RouteCounts>(core_count_, key.route);
      all.push_back(std::move(counts));
    }
  }
  std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
  return all;
}

std::map<RouteStats::Key, std::shared_ptr<RouteCounts>> RouteStats::living() const {
  std::map<Key, std::shared_ptr<RouteCounts>> all;
  const MutexLock lock(mutex_);
  for (const auto& [key, counts] : known_) {
    if (auto its = counts.lock()) all.emplace(key, std::move(its));
  }
  return all;
}

}  // namespace sluice::server
