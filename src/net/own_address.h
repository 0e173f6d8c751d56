// SPDX-License-Identifier: Apache-2.0
// Whether an address is one of this machine. Any thread.
#pragma once

#include "net/resolver.h"

namespace sluice::net {

// True if a connection to `endpoint` would stay on this machine, by the routes as they are now.
// Sends nothing, and never waits. False for what is no IP literal.
[[nodiscard]] bool is_own_address(const Endpoint& endpoint);

}  // namespace sluice::net
