// SPDX-License-Identifier: Apache-2.0
#include "http/trailers.h"

#include <algorithm>
#include <array>
#include <string>

#include "http/chars.h"
#include "http/field_twins.h"

namespace sluice::http {
namespace {

constexpr auto kHeaderOnly = std::to_array<std::string_view>({
    // Framing, and fields of one hop.
    "Content-Length",
    "Transfer-Encoding",
    "Trailer",
    "Connection",
    "Keep-Alive",
    "Upgrade",
    "TE",
    "HTTP2-Settings",
    // Routing.
    "Host",
    "Forwarded",
    "Via",
    "X-Real-IP",
    "Max-Forwards",
    // Authentication, cookies.
    "Authorization",
    "WWW-Authenticate",
    "Cookie",
    "Set-Cookie",
    "Strict-Transport-Security",
    // Traces.
    "traceparent",
    "tracestate",
    "b3",
    // Request modifiers.
    "Expect",
    "Range",
    "If-Match",
    "If-None-Match",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "If-Range",
    "Pragma",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Accept-Charset",
    "Origin",
    // Response controls.
    "Age",
    "Cache-Control",
    "Date",
    "Expires",
    "Location",
    "Retry-After",
    "Vary",
    "Warning",
    // Content format.
    "Content-Encoding",
    "Content-Type",
    "Content-Range",
    "Content-Language",
    "Content-Location",
    "Content-Disposition",
    "Content-Security-Policy",
});

constexpr auto kHeaderOnlyPrefixes =
    std::to_array<std::string_view>({"X-Forwarded-", "X-B3-", "Proxy-", "Access-Control-"});

}  // namespace

bool may_be_trailer(std::string_view name) {
  if (!name.starts_with(':') && !is_plain_name(name)) return may_be_trailer(plain_name(name));
  const auto same = [&](std::string_view known) { return iequals(name, known); };
  const auto begins = [&](std::string_view prefix) {
    return iequals(name.substr(0, prefix.size()), prefix);
  };
  return !name.starts_with(':') && std::ranges::none_of(kHeaderOnly, same) &&
         std::ranges::none_of(kHeaderOnlyPrefixes, begins);
}

void add_trailer(std::unique_ptr<Headers>& trailers, std::string_view name,
                 std::string_view value) {
  if (!may_be_trailer(name)) return;
  if (!trailers) trailers = std::make_unique<Headers>();
  trailers->add(name, value);
}

bool wants_trailers(std::string_view te) {
  while (!te.empty()) {
    if (iequals(trim_ows(take_until(te, ',')), "trailers")) return true;
  }
  return false;
}

}  // namespace sluice::http
