// SPDX-License-Identifier: Apache-2.0
// The address of the API, and the recognition of local clients.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::admin {

struct ListenAddress {
  std::string host;  // numeric; "": all addresses of this machine
  int port;          // 0: any free one
  bool loopback;     // every address of the name is a loopback address
};

// Resolves `host:port`; an IPv4 address is preferred. Error `invalid`.
[[nodiscard]] Result<ListenAddress> resolve_address(std::string_view text);

// True for localhost and loopback addresses, with or without a port. A local client sends such a
// Host header. A web page whose name resolves to 127.0.0.1 (DNS rebinding) sends its own name.
[[nodiscard]] bool is_loopback_host(std::string_view host);

}  // namespace sluice::admin
