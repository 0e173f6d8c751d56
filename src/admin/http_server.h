// SPDX-License-Identifier: Apache-2.0
// The connections and threads of the API. Only this file, service.h and http_library.h know the
// HTTP library.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "admin/access.h"
#include "admin/router.h"
#include "base/log.h"
#include "net/listener.h"

namespace sluice::admin {

class HttpServer {
 public:
  struct Options {
    net::Listener listener;
    Access access;
    std::function<std::string()> config_version;  // for X-Config-Version of every response
  };
  // Requires: `router` outlives this.
  [[nodiscard]] static std::unique_ptr<HttpServer> start(Options options, const Router& router,
                                                         Logger logger);
  // Ends streams and idle connections. Calls in progress finish.
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual int port() const = 0;
  // The listening socket, valid while this lives.
  [[nodiscard]] virtual int descriptor() const = 0;
  // Puts `access` in force for new connections. Any thread.
  virtual void replace(Access access) = 0;
};

}  // namespace sluice::admin
