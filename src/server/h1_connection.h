// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 connection: stream + codec + exchange, one request after the other (RFC 9112).
#pragma once

#include "loop/task.h"
#include "server/core_server.h"

namespace sluice::server {

// Serves requests until the client leaves, a limit ends the connection, or the server drains.
Task<void> serve_h1(CoreServer& server, CoreServer::Membership& membership, net::Stream& stream);

}  // namespace sluice::server
