// SPDX-License-Identifier: Apache-2.0
// ConnectionCounts: the connections of an HTTPServer on one core.
#pragma once

#include "observe/counter.h"

namespace sluice::server {

struct ConnectionCounts {
  observe::Cell accepted;
  observe::Cell handshakes;         // of TLS, done
  observe::Cell failed_handshakes;  // likewise, failed, late, or left by the client
  observe::Cell h1_errors;          // heads of HTTP/1 that were refused
  observe::Cell h2_errors;  // connections of HTTP/2 that ended because of the client's frames
};

}  // namespace sluice::server
