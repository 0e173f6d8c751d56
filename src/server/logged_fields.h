// SPDX-License-Identifier: Apache-2.0
// The fields of a message for the access log.
#pragma once

#include <string>

#include "http/headers.h"

namespace sluice::server {

inline constexpr std::size_t kLoggedFieldsBytesMax = 4096;

// "Name: value; Name: value". A `;` within a value is `%3B`, so that no value looks like another
// field. The values of Authorization, Proxy-Authorization, Cookie, Set-Cookie
// and X-Auth-* are left out, and so is what is beyond kLoggedFieldsBytesMax.
[[nodiscard]] std::string logged_fields(const http::Headers& headers);

}  // namespace sluice::server
