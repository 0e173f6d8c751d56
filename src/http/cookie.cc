// SPDX-License-Identifier: Apache-2.0
#include "http/cookie.h"

#include "http/chars.h"
#include "http/headers.h"

namespace sluice::http {

std::vector<CookiePair> parse_cookies(std::string_view header) {
  std::vector<CookiePair> pairs;
  while (!header.empty()) {
    const std::string_view pair = trim_ows(take_until(header, ';'));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim_ows(pair.substr(0, equals));
    if (!is_token(name)) continue;
    pairs.push_back({name, unquote(trim_ows(pair.substr(equals + 1)))});
  }
  return pairs;
}

bool is_set_cookie(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || !is_token(text.substr(0, equals))) return false;
  return is_field_value(text) && text.find('\t') == std::string_view::npos;
}

}  // namespace sluice::http
