// SPDX-License-Identifier: Apache-2.0
// HttpServer: the listening socket of the API, and the thread with the event loop that serves its
// connections. socket (here) -> connections -> connection -> service -> router -> handler.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "admin/access.h"
#include "admin/connections.h"
#include "admin/router.h"
#include "base/log.h"
#include "net/listener.h"

namespace sluice::admin {

class Health;

class HttpServer {
 public:
  struct Options {
    net::Listener listener;
    AccessControl access;
    std::function<std::string()>
        config_version;  // for X-Config-Version of every response; empty: none
    Patience patience{};
    std::size_t connections_max = ApiConnections::kConnectionsMax;
    std::shared_ptr<const Health> health{};  // null: no probes
  };
  // Requires: `router` outlives this.
  [[nodiscard]] static std::unique_ptr<HttpServer> start(Options options, const ApiRouter& router,
                                                         Logger logger);
  // Ends streams and connections that wait for their clients. Handlers at work finish, and their
  // responses are sent.
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual int port() const = 0;
  // The listening socket, valid while this lives.
  [[nodiscard]] virtual int descriptor() const = 0;
  // Puts `access` in force for new connections. A connection that was made before may make its
  // first call under the old one. Any thread but the server's.
  virtual void replace(AccessControl access) = 0;
};

}  // namespace sluice::admin
