// SPDX-License-Identifier: Apache-2.0
// HealthServer: answers probes, and nothing else, at an address of its own (--health-addr), without
// TLS.
#pragma once

#include <memory>
#include <string>

#include "admin/health.h"
#include "admin/http_server.h"
#include "base/log.h"
#include "base/result.h"

namespace sluice::admin {

class HealthServer {
 public:
  // Serves until destroyed. Error `invalid` or `unavailable`: the address.
  [[nodiscard]] static Result<std::unique_ptr<HealthServer>> start(
      const std::string& address, std::shared_ptr<const Health> health, Logger logger);
  [[nodiscard]] int port() const { return server_->port(); }

 private:
  ApiRouter router_;  // empty
  std::unique_ptr<HttpServer> server_;
};

}  // namespace sluice::admin
