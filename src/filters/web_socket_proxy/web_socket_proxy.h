// SPDX-License-Identifier: Apache-2.0
// WebSocketProxy: passes WebSockets on to backends, over the pools of Proxy.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::backend {
class HealthThread;
}

namespace sluice::filters {

// The first arguments are those of make_proxy_kind (filters/proxy/proxy.h). `checks`: runs the
// health checks; null: the kind makes a thread for them.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_web_socket_proxy_kind(
    Logger logger, unsigned core_count, std::string own_secret = {},
    std::shared_ptr<backend::HealthThread> checks = nullptr, bool offline = false);

}  // namespace sluice::filters
