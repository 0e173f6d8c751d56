// SPDX-License-Identifier: Apache-2.0
// Where the interim responses of an exchange go (RFC 9110 section 15.2): 103 Early Hints, say, that
// a backend sends before its response. Core-bound.
#pragma once

#include "http/headers.h"

namespace sluice::http {

class InterimSink {
 public:
  virtual ~InterimSink() = default;
  // Sends a 1xx response to the client now; never waits. `headers`, valid during the call, may have
  // any fields: those of the connection and the framing are left out. Nothing happens for 100 and
  // 101, which are between each client and its server, for another number, once the final response
  // has begun, for a client that knows no interim responses (HTTP/1.0), and beyond a bound on the
  // bytes of one request.
  virtual void send_interim(int status, const Headers& headers) = 0;
};

// Whether a response of that status is one to pass on before the final one.
[[nodiscard]] constexpr bool is_passed_on_interim(int status) {
  return status >= 102 && status <= 199;
}

}  // namespace sluice::http
