// SPDX-License-Identifier: Apache-2.0
// Paths against a gate on /buy. Invariants: no path that a lax server (one that decodes, cuts and
// trims) reads as /buy reaches the shop, and a rewritten path is as safe as the received one.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "http/path.h"
#include "router/router.h"

namespace {

using namespace sluice;

constexpr std::string_view kServer = R"(
rules:
- paths:
  - {path: /buy, backend: gate}
  - {pathPrefix: /in, rewriteTarget: /out/, backend: shop}
  - {pathRegexp: "^/r/(.)(.*)x(.*)$", rewriteTarget: "/$2$1$3", backend: shop}
  - {pathPrefix: /, backend: shop}
)";

void require(bool holds) {
  if (!holds) std::abort();
}

const router::Router& the_router() {
  static const router::Router kMade = [] {
    config::Faults faults;
    const auto document = config::parse_document(kServer);
    const auto spec = config::decode<router::RouterSpec>(*document, "", faults);
    router::Router router = router::Router::build(spec, faults);
    require(faults.empty());
    return router;
  }();
  return kMade;
}

std::string decoded_to_the_end(std::string path) {
  for (std::string next; http::percent_decode(path, next) && next != path;) path = next;
  return path;
}

// Returns the path as the laxest server reads it. It does not use the code under test.
std::string lax(const std::string& target) {
  std::string path = decoded_to_the_end(target);
  path.resize(std::min(path.find_first_of("?#"), path.size()));
  std::vector<std::string> segments;
  for (std::string_view rest = path; !rest.empty();) {
    std::string_view segment = rest.substr(0, rest.find_first_of("/\\"));
    rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
    segment = segment.substr(0, segment.find(';'));
    while (segment.starts_with(' ')) segment.remove_prefix(1);
    while (segment.ends_with(' ')) segment.remove_suffix(1);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != "." && !segment.empty()) {
      std::string small(segment);
      std::ranges::transform(small, small.begin(), to_lower);
      segments.push_back(small);
    }
  }
  std::string out;
  for (const std::string& segment : segments) out += "/" + segment;
  return out;
}

void check_rewritten(const router::Route& route, http::Request& request) {
  const bool had_dots = http::has_dot_segments(request.path);  // through an escaped slash
  if (route.rewrite(request) != 0) return;
  std::string decoded;
  require(http::percent_decode(request.escaped_path, decoded) && decoded == request.path);
  require(request.escaped_path.starts_with('/'));
  require(request.escaped_path.find("//") == std::string::npos);
  if (!had_dots && request.escaped_path.find('%') == std::string::npos)
    require(!http::has_dot_segments(request.path));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::Request request;
  request.method = "GET";
  if (!request.set_target({reinterpret_cast<const char*>(data), size})) return 0;
  if (request.path == "*") return 0;
  const router::Arrival arrival = the_router().receive(request);
  const router::Match match = the_router().route(request, "", arrival.doubts);
  if (match.status != 0) return 0;
  if (match.route->backend == "shop") require(lax(request.escaped_path) != "/buy");
  check_rewritten(*match.route, request);
  return 0;
}
