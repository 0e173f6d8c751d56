// SPDX-License-Identifier: Apache-2.0
#include "router/ip_filter.h"

#include <algorithm>

namespace sluice::router {

using config::IpAddress;
using config::IpPrefix;

IpSet::IpSet(const std::vector<std::string>& prefixes) {
  for (const std::string& text : prefixes) {
    if (const auto prefix = IpPrefix::parse(text)) ranges_.push_back(*prefix);
  }
  // Two prefixes are nested or disjoint. The sort puts the wider one first.
  std::ranges::sort(ranges_, [](const IpPrefix& a, const IpPrefix& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  std::vector<IpPrefix> disjoint;
  for (const IpPrefix& range : ranges_) {
    if (disjoint.empty() || !disjoint.back().contains(range.first)) disjoint.push_back(range);
  }
  ranges_ = std::move(disjoint);
}

bool IpSet::contains(const IpAddress& address) const {
  const auto after = std::ranges::upper_bound(ranges_, address, {}, &IpPrefix::first);
  return after != ranges_.begin() && std::prev(after)->contains(address);
}

IpFilter::IpFilter(const std::optional<IpFilterSpec>& spec) {
  if (!spec) return;
  block_by_default_ = spec->block_by_default;
  allowed_ = IpSet(spec->allow_ips);
  blocked_ = IpSet(spec->block_ips);
  active_ = block_by_default_ || !spec->block_ips.empty();
}

bool IpFilter::allows(const std::optional<IpAddress>& address) const {
  if (!active_) return true;
  if (!address) return !block_by_default_;
  const bool allowed = allowed_.contains(*address);
  if (allowed != blocked_.contains(*address)) return allowed;
  return !block_by_default_;
}

}  // namespace sluice::router
