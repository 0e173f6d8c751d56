// SPDX-License-Identifier: Apache-2.0
// WebSocketProxy: connects clients of WebSocket with backends.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_web_socket_proxy_kind();

}  // namespace sluice::filters
