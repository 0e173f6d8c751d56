// SPDX-License-Identifier: Apache-2.0
#include "admin/health_server.h"

#include <utility>

#include "admin/address.h"

namespace sluice::admin {

namespace {

Result<net::Listener> open_listener(const std::string& address) {
  SLUICE_TRY(const ListenAddress where, resolve_address(address));
  auto listener = net::Listener::open(where.host, static_cast<std::uint16_t>(where.port),
                                      {.reuse_port = false});
  if (listener) return listener;
  return fail(ErrorKind::unavailable, listener.error().message + "; try another --health-addr");
}

}  // namespace

Result<std::unique_ptr<HealthServer>> HealthServer::start(const std::string& address,
                                                          std::optional<net::Listener> inherited,
                                                          std::shared_ptr<const Health> health,
                                                          Logger logger) {
  Result<net::Listener> listener =
      inherited ? Result<net::Listener>(*std::move(inherited)) : open_listener(address);
  if (!listener) return std::unexpected(std::move(listener).error());
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
