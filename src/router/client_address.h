// SPDX-License-Identifier: Apache-2.0
// Who the client is, when proxies stand in between.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "router/ip_filter.h"

namespace sluice::router {

// The proxies whose word on the client counts (trustedProxies). Anybody can send X-Forwarded-For,
// so nobody else's does. Immutable; any thread.
class TrustedProxies {
 public:
  // Trusts nobody.
  TrustedProxies() = default;
  // Addresses and CIDR prefixes; what is neither is left out: decoding a spec has refused it.
  explicit TrustedProxies(const std::vector<std::string>& prefixes)
      : proxies_(prefixes), any_(!prefixes.empty()) {}

  [[nodiscard]] bool empty() const { return !any_; }
  [[nodiscard]] bool contains(std::string_view ip) const;

  struct Client {
    std::string ip;         // never empty unless `peer_ip` is
    bool disowned = false;  // the peer is a stranger and had sent forwarding fields
  };
  // Of a trusted peer: the last element of X-Forwarded-For that is no trusted proxy itself, else
  // X-Real-Ip, else the peer; X-Forwarded-Proto sets the request's scheme. Of a stranger: the peer,
  // and X-Forwarded-*, X-Real-Ip and Forwarded (RFC 7239) are removed, as a backend that reads them
  // would believe him.
  [[nodiscard]] Client identify(http::Request& request, std::string_view peer_ip) const;

 private:
  [[nodiscard]] std::string forwarded_ip(const http::Headers& headers,
                                         std::string_view peer_ip) const;

  IpSet proxies_;
  bool any_ = false;
};

// Adds the address to X-Forwarded-For unless one of its elements is that address.
void append_forwarded_for(http::Request& request, std::string_view real_ip);

}  // namespace sluice::router
