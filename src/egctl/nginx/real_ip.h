// SPDX-License-Identifier: Apache-2.0
// RealIp: the proxies in front of nginx whose word about the client's address counts.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/json.h"
#include "egctl/nginx/notes.h"

namespace sluice::egctl::nginx {

struct RealIp {
  std::vector<Directive> from;      // set_real_ip_from
  std::optional<Directive> header;  // real_ip_header
  bool recursive = false;
};

// The trustedProxies of an HTTPServer; null: none. nullopt: it has no counterpart.
[[nodiscard]] std::optional<Json> trusted_proxies(const RealIp& real_ip);

}  // namespace sluice::egctl::nginx
