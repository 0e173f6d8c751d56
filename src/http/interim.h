// SPDX-License-Identifier: Apache-2.0
// Takes the interim responses of an exchange (RFC 9110 section 15.2), such as 103 Early Hints from
// a backend. Core-bound.
#pragma once

#include "http/headers.h"

namespace sluice::http {

class InterimSink {
 public:
  virtual ~InterimSink() = default;
  // Sends a 1xx response to the client now; never waits. `headers` is valid during the call. Its
  // fields of the connection and the framing are left out. Does nothing for 100 and 101, which
  // concern one connection; for a number that is not 1xx; once the final response has begun; for a
  // client that does not know interim responses (HTTP/1.0); and beyond a bound on the bytes per
  // request.
  virtual void send_interim(int status, const Headers& headers) = 0;
};

// True if a response of that status is passed on before the final one.
[[nodiscard]] constexpr bool is_passed_on_interim(int status) {
  return status >= 102 && status <= 199;
}

}  // namespace sluice::http
