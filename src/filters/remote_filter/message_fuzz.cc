// SPDX-License-Identifier: Apache-2.0
// Invariant: whatever a service replies, the messages hold nothing that HTTP forbids.
#include <cstdint>
#include <cstdlib>

#include "filters/remote_filter/message.h"

namespace {

using namespace sluice;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const http::Headers& headers) {
  for (const auto& [name, value] : headers)
    require(http::is_token(name) && http::is_field_value(value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto reply = filters::parse_remote({reinterpret_cast<const char*>(data), size});
  if (!reply) return 0;
  http::Request request;
  request.method = "GET";
  request.host = "shop.example";
  require(request.set_target("/a?b"));
  http::Response response;
  if (reply->request) filters::apply(*std::move(reply->request), request);
  if (reply->response) filters::apply(*std::move(reply->response), response);
  require(http::is_token(request.method) && http::is_host(request.host));
  check(request.headers);
  check(response.headers);
  require(response.status >= 200 && response.status <= 599);
  http::Request again;
  require(again.set_target(request.target()) && again.path == request.path);
  return 0;
}
