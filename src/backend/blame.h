// SPDX-License-Identifier: Apache-2.0
// Blame: whose fault it is that an exchange with a backend failed. Everything that keeps an account
// of a backend (outlier detection, circuit breaker, health checks, retries) asks this and nothing
// else.
//
// Rule: a backend answers for what it does while it is its turn. What a client does or provokes is
// never counted against a backend, and what a backend does is never told to a client as the
// client's mistake (a status of 400 to 499).
#pragma once

#include <expected>
#include <string_view>

#include "base/result.h"

namespace sluice::backend {

enum class Blame {
  client,   // counts against no backend
  backend,  // the only one that does
  gateway,  // a limit of the gateway's own, or nobody can tell; counts against no backend
};

// Where an exchange failed.
enum class Stage {
  connect,       // no connection could be made
  request_body,  // the client did not give the whole body of its request
  head,          // the request was sent in vain, or the answer was no response
  body,          // the response broke off or was too large
  choose,        // there is no server, or none that may be asked now
  queue,         // all connections that are allowed are in use
  refused,       // the backend said each time that it has not looked at it (RFC 9113 section 8.7)
  upload,        // the backend ended the exchange before it had the whole body of the request
  rejected,      // the backend called the request wrong, or more than it takes (RFC 9113 section 7)
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
    case Stage::rejected:  // what a client sends can bring that about
    case Stage::refused:   // it is busy, and has said so in time
    case Stage::choose:
    case Stage::queue:
      return Blame::gateway;
    case Stage::connect:
    case Stage::head:
    case Stage::body:
      break;
  }
  // A limit of this gateway, and what this machine has too little of.
  const bool own = kind == ErrorKind::too_large || kind == ErrorKind::internal;
  return own ? Blame::gateway : Blame::backend;
}
[[nodiscard]] inline Blame blame_of(const Failure& failure) {
  return blame_of(failure.stage, failure.error.kind);
}

// A status of 500 and above by which a backend rightly refuses what a client has asked for: a
// method, or a version, that it does not have (RFC 9110 sections 15.6.2 and 15.6.6).
[[nodiscard]] constexpr bool is_provoked(int status) { return status == 501 || status == 505; }

// True if no backend can have acted on the request, so that it may go out again, whatever its
// method (RFC 9110 section 9.2.2).
[[nodiscard]] constexpr bool is_unsent(Stage stage) {
  return stage == Stage::connect || stage == Stage::choose || stage == Stage::queue ||
         stage == Stage::refused;
}

}  // namespace sluice::backend
