// SPDX-License-Identifier: Apache-2.0
// How a call over gRPC ends: its status, from whichever part of HTTP/2 carries it, and what the
// status says about the effect of the call. Plain functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "etcd/call_failure.h"
#include "http/h2/session_stream.h"
#include "http/headers.h"

namespace sluice::etcd {

// The limit of the text that a failure repeats from a server.
inline constexpr std::size_t kServerTextMax = 512;

struct CallEnd {
  Status status = Status::unknown;
  std::string message{};   // from outside: may contain anything
  bool by_server = false;  // the gRPC server has said so: nothing between us and it
};

// The status in trailers, or in a head that is all of the response; nullopt if there is none.
[[nodiscard]] std::optional<CallEnd> end_in(const http::Headers& fields);
// The status of an HTTP response without one (gRPC's mapping of HTTP to gRPC statuses).
[[nodiscard]] CallEnd end_of_http(int status);
// The status of a stream that was reset without one.
[[nodiscard]] CallEnd end_of_reset(http::h2::ErrorCode code);

// Returns the value of a grpc-timeout field: at most eight digits and a unit. Rounds up.
[[nodiscard]] std::string timeout_value(Duration time);

// True if the answer proves that etcd has not applied this copy of the request and will not.
// `streaming`: a method with streams, which etcd may break off within the request.
//
// Proofs are the statuses that etcd and gRPC give before a proposal, or in place of its effect.
// No proof: lack of space, which etcd reports also for the request that it has applied as the last
// (quotaApplierV3 in etcd 3.4 to 3.7); an answer that is too large to send.
[[nodiscard]] bool proves_no_effect(const CallEnd& end, bool streaming);
// True if a token is no longer accepted: etcd has restarted, or users have changed.
[[nodiscard]] bool is_stale_token(const CallEnd& end);
// True if another endpoint may answer a read that this one has failed.
[[nodiscard]] bool may_be_the_endpoint(Status status);

// `name`: of the endpoint, `what`: the method.
// The reason that the server or the connection gives for the end: one line, of bounded length.
[[nodiscard]] std::string reason_of(const CallEnd& end);
// `denied_advice`: what to do if etcd's user lacks a right.
[[nodiscard]] Error error_of(const CallEnd& end, std::string_view name,
                             std::string_view denied_advice = {});

}  // namespace sluice::etcd
