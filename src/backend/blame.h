// SPDX-License-Identifier: Apache-2.0
// Blame: the side whose fault ended an exchange with a backend. Outlier detection, circuit breaker,
// health checks and retries use only this function.
//
// Invariant: a backend is blamed only for its own turn. Actions of a client, or caused by a client,
// never count against a backend. Faults of a backend are never reported to a client as the client's
// mistake (a status of 400 to 499).
#pragma once

#include <expected>
#include <string_view>

#include "base/result.h"

namespace sluice::backend {

enum class Blame {
  client,   // counts against no backend
  backend,  // the only side that counts against a backend
  gateway,  // a limit of the gateway, or an unknown cause; counts against no backend
};

// The stage at which an exchange failed.
enum class Stage {
  connect,       // no connection could be made
  request_body,  // the client did not give the whole body of its request
  head,          // the request could not be sent, or the answer was no response
  body,          // the response broke off or was too large
  choose,        // no server exists, or none may be asked now
  queue,         // all allowed connections are in use
  refused,       // the backend refused each try unprocessed (RFC 9113 section 8.7)
  upload,        // the backend ended the exchange before it had the whole request body
  rejected,      // the backend reported a bad or excessive request (RFC 9113 section 7)
};

struct Failure {
  Stage stage = Stage::connect;
  Error error;
};

template <class T>
using Outcome = std::expected<T, Failure>;

// Any thread.
[[nodiscard]] constexpr Blame blame_of(Stage stage, ErrorKind kind) {
  switch (stage) {
    case Stage::request_body:  // or the gateway has no room for it
      return kind == ErrorKind::unavailable || kind == ErrorKind::internal ? Blame::gateway
                                                                           : Blame::client;
    case Stage::upload:    // many backends give up on a slow client, or on a large body, so
    case Stage::rejected:  // a client can cause these two
    case Stage::refused:   // the backend is busy, and has said so in time
    case Stage::choose:
    case Stage::queue:
      return Blame::gateway;
    case Stage::connect:
    case Stage::head:
    case Stage::body:
      break;
  }
  // A limit of this gateway, or a resource that this machine lacks.
  const bool own = kind == ErrorKind::too_large || kind == ErrorKind::internal;
  return own ? Blame::gateway : Blame::backend;
}
[[nodiscard]] inline Blame blame_of(const Failure& failure) {
  return blame_of(failure.stage, failure.error.kind);
}

// A status of 500 and above by which a backend correctly refuses an unsupported method or version
// (RFC 9110 sections 15.6.2 and 15.6.6).
[[nodiscard]] constexpr bool is_provoked(int status) { return status == 501 || status == 505; }

// True if no backend can have acted on the request, so it may be sent again, whatever its method
// (RFC 9110 section 9.2.2).
[[nodiscard]] constexpr bool is_unsent(Stage stage) {
  return stage == Stage::connect || stage == Stage::choose || stage == Stage::queue ||
         stage == Stage::refused;
}

}  // namespace sluice::backend
