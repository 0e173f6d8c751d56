// SPDX-License-Identifier: Apache-2.0
// Cookies (RFC 6265) in request headers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::http {

struct CookiePair {
  std::string_view name;
  std::string_view value;  // without surrounding quotes
};

// Parses the pairs of one Cookie header value, in order. Skips pairs without '=' or with an invalid
// name. The result has views into `header`.
[[nodiscard]] std::vector<CookiePair> parse_cookies(std::string_view header);

// True if `text` is a usable Set-Cookie value: a name token, '=', no control characters.
[[nodiscard]] bool is_set_cookie(std::string_view text);

}  // namespace sluice::http
