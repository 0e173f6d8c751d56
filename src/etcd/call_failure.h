// SPDX-License-Identifier: Apache-2.0
// The failure of a call to etcd. Plain data; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::etcd {

// Says whether the copy of a request that has failed may take effect. It says nothing of earlier
// copies: those that ended with `unknown` may still be applied later.
enum class Certainty {
  refused,  // this copy has no effect, now or later
  unknown,  // this copy may have been applied, or may be applied later
};

// Status codes of gRPC. A code out of this range from a server counts as `unknown`.
enum class Status : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,  // also a duplicate key, too many operations, a request that is too large
  deadline_exceeded = 4,
  not_found = 5,  // also a lease that is gone
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,  // also etcd without space
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,  // also a revision that is compacted
  unimplemented = 12,
  internal = 13,
  unavailable = 14,  // also a server that cannot be reached, a connection that is lost, no leader
  data_loss = 15,
  unauthenticated = 16,
};

// Returns "unavailable", ...
[[nodiscard]] std::string_view name_of(Status status);

// The index of an endpoint in Options::endpoints.
using EndpointIndex = std::size_t;
inline constexpr EndpointIndex kAnyEndpoint = std::numeric_limits<EndpointIndex>::max();

struct CallFailure {
  Certainty certainty = Certainty::unknown;
  Status status = Status::unknown;
  EndpointIndex endpoint = kAnyEndpoint;  // the last that was tried
  Error error;                            // names the endpoints that were tried, and what to do
  std::string reason{};                   // why the last that was tried has failed
  // The name of an endpoint is being looked up: a later call of this client may find its address.
  bool awaits_look_up = false;
};

template <class T>
using CallReply = std::expected<T, CallFailure>;

}  // namespace sluice::etcd
