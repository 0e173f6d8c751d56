// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/stream.h"

#include <utility>

#include "filters/proxy_wasm/limits.h"

namespace sluice::filters::proxy_wasm {

bool ClaimedNames::add(std::string_view name) {
  const std::size_t before = names_.size();
  if (before >= kClaimedNamesMax || bytes_ + name.size() > kClaimedBytesMax) return false;
  names_.add(name);
  if (names_.size() > before) bytes_ += name.size();
  return true;
}

void Stream::part(bool keep_heads) {
  pipeline::Exchange* const left = std::exchange(exchange, nullptr);
  request_open = response_open = false;
  request_body.reset();
  response_body.reset();
  local.reset();
  if (left == nullptr || !keep_heads) return;
  if (const http::Request* request = left->request(); request != nullptr)
    past_request.emplace().copy_head(*request);
  if (const http::Response* response = left->response(); response != nullptr) {
    http::Response& past = past_response.emplace();
    past.status = response->status;
    past.headers = response->headers;
  }
}

}  // namespace sluice::filters::proxy_wasm
