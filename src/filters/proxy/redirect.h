// SPDX-License-Identifier: Apache-2.0
// Redirects that a Proxy follows itself (maxRedirection).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "backend/server.h"
#include "http/message.h"

namespace sluice::filters {

// The target (path and query, as a client would send it) to which `response`, from `server`,
// redirects `request`. nullopt if the client has to follow the redirect itself: the response is not
// a 301, 302, 303, 307 or 308 with a Location; the method is neither GET nor HEAD; the scheme
// differs from the client's; or the place is outside this pool. So no backend can send the gateway
// to a place that is not configured (RFC 9110 sections 10.2.2, 15.4).
[[nodiscard]] std::optional<std::string> redirect_target(const http::Request& request,
                                                         const http::Response& response,
                                                         std::span<const backend::Server> servers,
                                                         const backend::Server& server);

// The target of `reference`, from a response to `request`, on the origin that the client used or on
// one of the servers (RFC 9111 section 4.4); nullopt if it is elsewhere.
[[nodiscard]] std::optional<std::string> target_of_reference(
    const http::Request& request, std::string_view reference,
    std::span<const backend::Server> servers);

// RFC 3986 section 5.2.4.
[[nodiscard]] std::string remove_dot_segments(std::string_view path);

}  // namespace sluice::filters
