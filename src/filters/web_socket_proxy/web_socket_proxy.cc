// SPDX-License-Identifier: Apache-2.0
#include "filters/web_socket_proxy/web_socket_proxy.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 2> kWebSocketProxyResults = {"internalError", "clientError"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_web_socket_proxy_kind() {
  return pipeline::unfinished_kind("WebSocketProxy", "Connects clients of WebSocket with backends.",
                                   kWebSocketProxyResults);
}

}  // namespace sluice::filters
