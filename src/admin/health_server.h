// SPDX-License-Identifier: Apache-2.0
// HealthServer: answers probes, and nothing else, at an address of its own (--health-addr), without
// TLS.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "admin/health.h"
#include "admin/http_server.h"
#include "base/log.h"
#include "base/result.h"
#include "net/listener.h"

namespace sluice::admin {

class HealthServer {
 public:
  // Serves until destroyed. `inherited`: the socket of that address in a hot restart; nullopt: one
  // is opened. Error `invalid` or `unavailable`: the address.
  [[nodiscard]] static Result<std::unique_ptr<HealthServer>> start(
      const std::string& address, std::optional<net::Listener> inherited,
      std::shared_ptr<const Health> health, Logger logger);
  [[nodiscard]] int port() const { return server_->port(); }
  // The listening socket, valid while this lives.
  [[nodiscard]] int descriptor() const { return server_->descriptor(); }

 private:
  ApiRouter router_;  // empty
  std::unique_ptr<HttpServer> server_;
};

}  // namespace sluice::admin
