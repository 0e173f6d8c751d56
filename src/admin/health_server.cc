// SPDX-License-Identifier: Apache-2.0
#include "admin/health_server.h"

#include <utility>

#include "admin/address.h"

namespace sluice::admin {

Result<std::unique_ptr<HealthServer>> HealthServer::start(const std::string& address,
                                                          std::shared_ptr<const Health> health,
                                                          Logger logger) {
  SLUICE_TRY(const ListenAddress where, resolve_address(address));
  auto listener = net::Listener::open(where.host, static_cast<std::uint16_t>(where.port),
                                      {.reuse_port = false});
  if (!listener)
    return fail(ErrorKind::unavailable, listener.error().message + "; try another --health-addr");
  SLUICE_TRY(std::shared_ptr<Credentials> nothing, Credentials::create({}));
  auto made = std::make_unique<HealthServer>();
  HttpServer::Options options{.listener = *std::move(listener),
                              .access = {std::move(nothing), nullptr},
                              .config_version = {},
                              .health = std::move(health)};
  made->server_ = HttpServer::start(std::move(options), made->router_, std::move(logger));
  return made;
}

}  // namespace sluice::admin
