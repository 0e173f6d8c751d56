// SPDX-License-Identifier: Apache-2.0
// The two directions of a WebSocket with a limit on their messages. A message beyond it ends both.
#pragma once

#include <cstdint>

#include "pipeline/exchange.h"

namespace sluice::filters {

// Below 0 or 0: no limit.
struct MessageLimits {
  std::int64_t from_client = -1;
  std::int64_t from_server = -1;
};

// Shared by the two directions of one tunnel.
struct TunnelEnd {
  bool client_exceeded = false;
};

// Before the request goes out: limits what the client sends after the upgrade. Returns null if
// there is nothing to limit.
[[nodiscard]] std::shared_ptr<TunnelEnd> limit_client(http::Request& request,
                                                      const MessageLimits& limits);

// After the backend's 101: limits its messages, and adds a tag to the access log if a limit has
// ended the tunnel. `end` may be null.
void limit_server(pipeline::Exchange& exchange, const MessageLimits& limits,
                  std::shared_ptr<TunnelEnd> end);

}  // namespace sluice::filters
