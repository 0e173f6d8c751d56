// SPDX-License-Identifier: Apache-2.0
// Destinations: the servers that a forward proxy may reach. Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/faults.h"
#include "config/ip_prefix.h"
#include "net/resolver.h"

namespace sluice::filters {

class Destinations {
 public:
  // `hosts`: "shop.example", "*.shop.example", "10.0.0.1:8080"; empty: every host. `networks`:
  // addresses and CIDR prefixes beside the public ones. `path`: of the filter, for faults.
  [[nodiscard]] static Destinations build(const std::vector<std::string>& hosts,
                                          const std::vector<std::string>& networks,
                                          const std::string& path, config::Faults& faults);

  // How a host is allowed.
  enum class Grant { host, host_and_port };
  // `host`: in lower case, without brackets. Error: `forbidden`.
  [[nodiscard]] Result<Grant> find(std::string_view host, std::uint16_t port) const;
  // Whether a host with that grant may be at `endpoint`. Error: `forbidden`.
  [[nodiscard]] Result<void> check(const net::Endpoint& endpoint, Grant grant) const;

 private:
  struct Host {
    std::string name;  // in lower case, without brackets; of "*.shop.example": ".shop.example"
    bool subdomains = false;
    std::optional<std::uint16_t> port{};
  };
  [[nodiscard]] static std::optional<Host> parse(std::string_view text);

  std::vector<Host> hosts_;
  std::vector<config::IpPrefix> networks_;
};

// True for an address that the internet routes (the registries of RFC 6890).
[[nodiscard]] bool is_public(const config::IpAddress& address);

// `name` in lower case, without brackets and without the dot at the end of a full name.
[[nodiscard]] std::string plain_host(std::string_view name);

}  // namespace sluice::filters
