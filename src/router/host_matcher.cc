// SPDX-License-Identifier: Apache-2.0
#include "router/host_matcher.h"

#include <algorithm>

#include "base/host_port.h"
#include "http/headers.h"

namespace sluice::router {

std::string_view comparable_host(std::string_view host) {
  host = split_host_port(host).host;
  while (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

HostMatcher::HostMatcher(const RuleSpec& rule, const std::string& path, config::Faults& faults) {
  using config::join_path;
  if (!rule.host.empty()) add({false, rule.host}, join_path(path, "host"), faults);
  if (!rule.host_regexp.empty())
    add({true, rule.host_regexp}, join_path(path, "hostRegexp"), faults);
  for (std::size_t i = 0; i < rule.hosts.size(); ++i) {
    add(rule.hosts[i], join_path(path, "hosts") + "[" + std::to_string(i) + "].value", faults);
  }
}

void HostMatcher::add(const HostSpec& host, const std::string& path, config::Faults& faults) {
  if (host.is_regexp) {
    auto pattern = Pattern::compile(host.value, path, faults, Pattern::Case::insensitive);
    if (pattern) patterns_.push_back(*std::move(pattern));
    return;
  }
  if (!split_host_port(host.value).rest.empty()) {
    faults.add(path,
               config::quote(host.value) + " has a port, which is not compared: leave it out");
    return;
  }
  std::string_view text = comparable_host(host.value);
  Kind kind = Kind::exact;
  if (text.starts_with('*')) {
    kind = Kind::suffix;
    text.remove_prefix(1);
  } else if (text.ends_with('*')) {
    kind = Kind::prefix;
    text.remove_suffix(1);
  }
  if (text.find('*') != text.npos) {
    faults.add(path, config::quote(host.value) + " may have one *, in front or at the end");
    return;
  }
  literals_.push_back({kind, std::string(text)});
}

bool HostMatcher::matches(const Literal& literal, std::string_view host) {
  const std::size_t size = literal.text.size();
  if (host.size() < size) return false;
  switch (literal.kind) {
    case Kind::exact:
      return http::iequals(host, literal.text);
    case Kind::prefix:
      return http::iequals(host.substr(0, size), literal.text);
    case Kind::suffix:
      return http::iequals(host.substr(host.size() - size), literal.text);
  }
  return false;
}

bool HostMatcher::matches(std::string_view host) const {
  if (literals_.empty() && patterns_.empty()) return true;
  return std::ranges::any_of(literals_, [&](const Literal& each) { return matches(each, host); }) ||
         std::ranges::any_of(patterns_, [&](const Pattern& each) { return each.found_in(host); });
}

}  // namespace sluice::router
