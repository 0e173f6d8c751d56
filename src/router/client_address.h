// SPDX-License-Identifier: Apache-2.0
// The address of the client behind proxies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "router/ip_filter.h"

namespace sluice::router {

// The proxies whose forwarding fields are trusted (trustedProxies). Any client can send
// X-Forwarded-For, so the field is ignored from other peers. Immutable; any thread.
class TrustedProxies {
 public:
  // Trusts no peer.
  TrustedProxies() = default;
  // Takes addresses and CIDR prefixes. Other text is skipped: decoding the spec has refused it.
  // `real_ip`: whether X-Real-Ip counts.
  explicit TrustedProxies(const std::vector<std::string>& prefixes, bool real_ip = true)
      : proxies_(prefixes), any_(!prefixes.empty()), real_ip_(real_ip) {}

  // True if no peer is trusted.
  [[nodiscard]] bool empty() const { return !any_; }
  // `ip`: an address without a port. Other text is not contained.
  [[nodiscard]] bool contains(std::string_view ip) const;

  struct ClientAddress {
    std::string ip;         // never empty unless `peer_ip` is
    bool disowned = false;  // the peer is not trusted, and sent forwarding fields
  };
  // For a trusted peer, returns the last element of X-Forwarded-For that is not a trusted proxy,
  // else X-Real-Ip if that counts, else the peer; X-Forwarded-Proto sets the request's scheme. For
  // another peer, returns the peer, and removes X-Forwarded-*, X-Real-Ip and Forwarded (RFC 7239),
  // which a backend might trust.
  [[nodiscard]] ClientAddress identify(http::Request& request, std::string_view peer_ip) const;

 private:
  [[nodiscard]] std::string forwarded_ip(const http::Headers& headers,
                                         std::string_view peer_ip) const;

  IpSet proxies_;
  bool any_ = false;
  bool real_ip_ = true;
};

// Appends the address to X-Forwarded-For unless it is an element already.
void append_forwarded_for(http::Request& request, std::string_view real_ip);

}  // namespace sluice::router
