// SPDX-License-Identifier: Apache-2.0
// Invariant: for any Location of a backend, the gateway follows only a path within the pool.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "filters/proxy/redirect.h"

namespace {

using namespace sluice;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_path(std::string_view path) {
  const std::string plain = filters::remove_dot_segments(path);
  require(!plain.contains("/../") && !plain.contains("/./"));
  require(!plain.ends_with("/..") && !plain.ends_with("/."));
  require(filters::remove_dot_segments(plain) == plain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view location(reinterpret_cast<const char*>(data), size);
  check_path("/" + std::string(location));
  const std::vector<backend::Server> servers = {*backend::parse_server_url("http://10.0.0.1:8080"),
                                                *backend::parse_server_url("http://shop/api")};
  http::Request request;
  request.method = "GET";
  request.scheme = "http";
  request.host = "public.example";
  require(request.set_target("/a/b%20c?x=1"));
  http::Response response;
  response.status = 302;
  response.headers.add("Location", location);
  for (const backend::Server& server : servers) {
    const auto target = filters::redirect_target(request, response, servers, server);
    if (!target) continue;
    require(target->starts_with('/'));
    http::Request next;
    next.host = "public.example";
    if (next.set_target(*target)) require(next.host == "public.example");
  }
  return 0;
}
