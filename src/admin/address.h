// SPDX-License-Identifier: Apache-2.0
// Where the API listens, and whom it takes for local.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::admin {

struct Address {
  std::string host;  // a numeric address; "": all of this machine
  int port;          // 0: any free one
  bool loopback;     // every address that the name stands for
};

// Resolves `host:port`; an IPv4 address is preferred. Error `invalid`.
[[nodiscard]] Result<Address> resolve_address(std::string_view text);

// True for localhost and loopback addresses, with or without a port: what a Host header of a local
// client says. A web page that was let resolve to 127.0.0.1 says its own name.
[[nodiscard]] bool is_loopback_host(std::string_view host);
// True for an Origin header of a page that this machine serves.
[[nodiscard]] bool is_loopback_origin(std::string_view origin);

}  // namespace sluice::admin
