// SPDX-License-Identifier: Apache-2.0
// Lets addresses in or refuses them. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/ip_prefix.h"
#include "router/rule_spec.h"

namespace sluice::router {

// Addresses, in time that grows with the logarithm of the number of prefixes.
class IpSet {
 public:
  IpSet() = default;
  // What is no prefix is left out: decoding a spec has refused it.
  explicit IpSet(const std::vector<std::string>& prefixes);
  [[nodiscard]] bool contains(const config::IpAddress& address) const;

 private:
  std::vector<config::IpPrefix> ranges_;  // sorted, disjoint
};

class IpFilter {
 public:
  // Allows all.
  IpFilter() = default;
  explicit IpFilter(const std::optional<IpFilterSpec>& spec);

  // Allowed if in the allow list only, blocked if in the block list only, else as by default.
  // nullopt: an address that could not be parsed.
  [[nodiscard]] bool allows(const std::optional<config::IpAddress>& address) const;
  // False if every address is allowed, so that there is no need to parse one.
  [[nodiscard]] bool is_active() const { return active_; }

 private:
  bool active_ = false;
  bool block_by_default_ = false;
  IpSet allowed_;
  IpSet blocked_;
};

}  // namespace sluice::router
