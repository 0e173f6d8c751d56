// SPDX-License-Identifier: Apache-2.0
// Outgoing connections: resolves names to addresses, and connects addresses to streams.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::net {

struct Endpoint {
  Endpoint() = default;
  // Not an aggregate: GCC 12 destroys aggregates made within a co_await expression twice.
  Endpoint(std::string literal, std::uint16_t its_port)
      : address(std::move(literal)), port(its_port) {}

  std::string address;  // an IP literal without brackets
  std::uint16_t port = 0;

  [[nodiscard]] std::string to_string() const;  // "10.0.0.1:80", "[::1]:80"
  bool operator==(const Endpoint&) const = default;
};

// True for "10.0.0.1", "::1" and "[::1]". Any thread.
[[nodiscard]] bool is_ip_literal(std::string_view host);

// Whose name is looked up. Names that clients choose have threads of their own, so that they do not
// hold up the others.
enum class NameOf : std::uint8_t { options, clients };

// Returns the addresses of `host` in the order to try them; at least one. An IP literal resolves
// without waiting. Names are looked up on threads that belong to the loop, four at a time, so that
// a name server that hangs holds up other names less. A deadline of TimePoint::max() means none.
// Errors: `timed_out`, `unavailable` (the name cannot be looked up). Core-bound.
[[nodiscard]] Task<Result<std::vector<Endpoint>>> resolve(loop::EventLoop& loop, std::string host,
                                                          std::uint16_t port, TimePoint deadline,
                                                          NameOf name_of = NameOf::options);

// Connects to `endpoint`. Errors: `unavailable` (refused, no route), `timed_out`, `invalid` (no IP
// literal), `internal` (this machine has no descriptor, memory or local port left). The Stream has
// no deadline set, and TCP_NODELAY. Core-bound.
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(loop::EventLoop& loop,
                                                            Endpoint endpoint, TimePoint deadline);

}  // namespace sluice::net
