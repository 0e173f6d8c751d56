// SPDX-License-Identifier: Apache-2.0
// WebSocketProxy: passes WebSockets on to backends, over the pools of Proxy.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// The arguments are those of make_proxy_kind (filters/proxy/proxy.h).
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_web_socket_proxy_kind(
    Logger logger, unsigned core_count, std::string own_secret = {});

}  // namespace sluice::filters
