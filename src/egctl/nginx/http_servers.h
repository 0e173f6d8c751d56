// SPDX-License-Identifier: Apache-2.0
// The HTTPServers of the addresses that nginx listens on.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/virtual_server.h"

namespace sluice::egctl::nginx {

struct Certificate {
  std::string name;
  std::string certificate;  // in base64
  std::string key;
};

// A `server` with all that its rules need.
struct ReadyServer {
  VirtualServer server;
  std::vector<Json> paths{};  // of its rules
  std::vector<Certificate> certificates{};
  std::string client_authority{};  // in base64; "": clients need no certificate
  // Milliseconds of silence that end a WebSocket: the longest of its locations.
  std::optional<std::int64_t> tunnel_time{};
};

struct MadeServer {
  Json object;  // without a name
  int port = 0;
  const Directive* place = nullptr;  // the first `server` of the address
};

// `ssl` and `proxy_protocol` of one `listen` hold for all servers of its address.
void share_addresses(std::vector<ReadyServer>& servers);

// In the order of their first `listen`.
[[nodiscard]] std::vector<MadeServer> http_servers(const std::vector<ReadyServer>& servers);

// The servers whose clients need certificates of different authorities, and which share an address,
// where an HTTPServer knows one authority.
[[nodiscard]] std::vector<std::size_t> with_conflicting_authorities(
    const std::vector<ReadyServer>& servers);

// The servers that trust proxies, and share an address with one that trusts other ones or none.
[[nodiscard]] std::vector<std::size_t> with_differing_proxies(
    const std::vector<ReadyServer>& servers);

}  // namespace sluice::egctl::nginx
