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
  bool http2 = false;       // without asking, over a plain connection
  std::string authority{};  // "shop", "shop:8080", "[::1]:80": what its Host field says
  std::string path{};       // what its URL puts before every path, without '/' at the end
  bool has_ip_host = false;
  std::vector<std::string> tags{};
  int weight = 0;
  bool keep_host = false;

  bool operator==(const Server&) const = default;
};

// The parts of `url` (http[s]://host[:port][/path]); tags, weight and keep_host stay as they are.
[[nodiscard]] Result<Server> parse_server_url(std::string_view url);

}  // namespace sluice::backend
