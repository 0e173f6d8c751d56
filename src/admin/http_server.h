// SPDX-License-Identifier: Apache-2.0
// The sockets and threads of the API. The only file of the folder that knows the HTTP library.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "admin/address.h"
#include "admin/router.h"
#include "base/log.h"

namespace sluice::admin {

class HttpServer {
 public:
  // `config_version` fills the header X-Config-Version of every response; `router` outlives this.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(
      const Address& address, const Router& router, Logger logger,
      std::function<std::string()> config_version);
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual int port() const = 0;
};

}  // namespace sluice::admin
