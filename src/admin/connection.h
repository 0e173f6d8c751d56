// SPDX-License-Identifier: Apache-2.0
// A connection: the stream of a client, with or without TLS, as HTTP/1 requests one after the other
// (RFC 9112) and their responses. Core-bound, on the loop of the API.
#pragma once

#include <memory>

#include "admin/connections.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::admin {

// Serves until the client leaves, is silent for too long, or must connect again. An exception cuts
// the connection. Requires: `all` outlives it.
Task<void> serve(Connections& all, std::unique_ptr<net::Stream> stream);

}  // namespace sluice::admin
