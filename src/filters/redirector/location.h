// SPDX-License-Identifier: Apache-2.0
// The Location of a redirect, of which parts may be text of the client. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "router/pattern.h"

namespace sluice::filters {

inline constexpr std::size_t kLocationBytesMax = std::size_t{16} << 10;

// True if text of a path or a query could choose the site to which `location` leads: its scheme, or
// the end of its host. `pieces` say where `location` is from. The first `trusted` bytes of their
// text are no part of a path or a query.
[[nodiscard]] bool leads_astray(std::string_view location,
                                const std::vector<router::Replacement::Traced>& pieces,
                                std::size_t trusted);

// Returns `location` with every octet percent-encoded that is not valid in a URI (RFC 3986).
[[nodiscard]] std::string encode_location(std::string location);

// Adds a fault unless `status` is one of 301, 302, 303, 307 and 308.
void check_redirect_status(int status, const std::string& path, config::Faults& faults);

// Makes `response` a redirect, with the name of the status as its body.
void redirect(http::Response& response, int status, std::string_view location);

}  // namespace sluice::filters
