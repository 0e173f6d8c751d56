// SPDX-License-Identifier: Apache-2.0
#include "control/ports.h"

namespace sluice::control {

Result<std::vector<net::Listener>> Ports::open(const router::HttpServerSpec& server) {
  const Place wanted{server.address, server.port};
  if (const auto now = open_.find(server.name); now != open_.end() && now->second == wanted) {
    return std::vector<net::Listener>();
  }
  SLUICE_CHECK(net::Listener::probe(server.address, server.port));
  std::vector<net::Listener> listeners;
  for (unsigned i = 0; i < core_count_; ++i) {
    SLUICE_TRY(auto listener, net::Listener::open(server.address, server.port));
    listeners.push_back(std::move(listener));
  }
  open_.insert_or_assign(server.name, wanted);
  return listeners;
}

}  // namespace sluice::control
