// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 connection: stream + codec + exchange, one request after the other (RFC 9112).
#pragma once

#include <string>

#include "loop/task.h"
#include "server/core_server.h"

namespace sluice::server {

// Serves requests until the client leaves, a limit ends the connection, or the server drains. If
// the client speaks HTTP/2 with prior knowledge (RFC 9113 section 3.3), returns the bytes received
// and leaves the connection open; else returns "".
Task<std::string> serve_h1(CoreServer& server, CoreServer::Membership& membership,
                           net::Stream& stream);

}  // namespace sluice::server
