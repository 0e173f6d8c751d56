// SPDX-License-Identifier: Apache-2.0
// Admits or refuses addresses. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/ip_prefix.h"
#include "router/rule_spec.h"

namespace sluice::router {

// A set of addresses. A lookup takes logarithmic time in the number of prefixes.
class IpSet {
 public:
  // Contains no address.
  IpSet() = default;
  // Skips text that is not a prefix: decoding the spec has refused it.
  explicit IpSet(const std::vector<std::string>& prefixes);
  [[nodiscard]] bool contains(const config::IpAddress& address) const;

 private:
  std::vector<config::IpPrefix> ranges_;  // sorted, disjoint
};

class IpFilter {
 public:
  // Allows every address.
  IpFilter() = default;
  explicit IpFilter(const std::optional<IpFilterSpec>& spec);

  // Allows an address that is only in the allow list, blocks one that is only in the block list,
  // and uses the default otherwise. nullopt: an address that did not parse.
  [[nodiscard]] bool allows(const std::optional<config::IpAddress>& address) const;
  // False if the filter allows every address, so that the caller need not parse one.
  [[nodiscard]] bool is_active() const { return active_; }

 private:
  bool active_ = false;
  bool block_by_default_ = false;
  IpSet allowed_;
  IpSet blocked_;
};

}  // namespace sluice::router
