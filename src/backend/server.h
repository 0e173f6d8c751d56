// SPDX-License-Identifier: Apache-2.0
// Server: one backend, as configured. Immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::backend {

struct Server {
  std::string url{};   // as configured
  std::string host{};  // name or IP literal, without brackets
  std::uint16_t port = 80;
  bool secure = false;      // https
  bool http2 = false;       // HTTP/2 over a plain connection, without negotiation
  std::string authority{};  // "shop", "shop:8080", "[::1]:80": the value of its Host field
  std::string path{};       // its URL's prefix of every path, without '/' at the end
  bool has_ip_host = false;
  std::vector<std::string> tags{};
  int weight = 0;          // relative to the other servers
  bool keep_host = false;  // true: the request keeps its Host field

  bool operator==(const Server&) const = default;
};

// Sets the parts of `url` (http[s]://host[:port][/path]); tags, weight and keep_host keep their
// defaults. Error `invalid`.
[[nodiscard]] Result<Server> parse_server_url(std::string_view url);

}  // namespace sluice::backend
