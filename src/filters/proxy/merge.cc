// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/merge.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::filters {
namespace {

// Known fields that are not lists, or whose elements must not be mixed.
constexpr std::array<std::string_view, 33> kSingletons = {
    "Accept-Ranges",
    "Age",
    "Alt-Svc",
    "Cache-Control",
    "Clear-Site-Data",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Cross-Origin-Embedder-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Date",
    "ETag",
    "Expires",
    "Last-Modified",
    "Location",
    "NEL",
    "Origin-Agent-Cluster",
    "Permissions-Policy",
    "Pragma",
    "Referrer-Policy",
    "Refresh",
    "Retry-After",
    "Server",
    "SourceMap",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
};

// Fields of the replaced body.
constexpr std::array<std::string_view, 8> kOfReplacedBody = {
    "Content-Encoding", "Content-MD5", "Content-Range", "Content-Digest",
    "Digest",           "ETag",        "Last-Modified", "Repr-Digest",
};

template <std::size_t size>
bool is_in(const std::array<std::string_view, size>& names, std::string_view name) {
  return std::ranges::any_of(names,
                             [name](std::string_view each) { return http::iequals(each, name); });
}

bool replaces(std::string_view name) {
  constexpr std::string_view kCors = "Access-Control-";
  return http::iequals(name.substr(0, kCors.size()), kCors) || is_in(kSingletons, name);
}

}  // namespace

void merge_headers(http::Headers earlier, http::Headers& headers) {
  for (const std::string_view name : kOfReplacedBody) earlier.remove(name);
  for (const http::Field& field : headers) {
    if (replaces(field.name)) {
      earlier.set(field.name, field.value);
    } else {
      earlier.add(field.name, field.value);
    }
  }
  headers = std::move(earlier);
}

}  // namespace sluice::filters
