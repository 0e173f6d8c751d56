// SPDX-License-Identifier: Apache-2.0
#include "control/ports.h"

namespace sluice::control {

Result<std::vector<net::Listener>> Ports::open(const router::HttpServerSpec& server) {
  const auto now = open_.find(server.name);
  if (now != open_.end() && now->second.address == server.address &&
      now->second.port == server.port) {
    return std::vector<net::Listener>();
  }
  SLUICE_TRY(auto listeners, take_or_open(server.address, server.port));
  Place place{server.address, server.port, {}};
  for (const net::Listener& listener : listeners) {
    SLUICE_TRY(auto copy, listener.duplicate());
    place.copies.push_back(std::move(copy));
  }
  open_.insert_or_assign(server.name, std::move(place));
  return listeners;
}

Result<std::vector<net::Listener>> Ports::take_or_open(const std::string& address,
                                                       std::uint16_t port) {
  std::vector<net::Listener> listeners;
  for (InheritedPort& each : inherited_) {
    if (each.address == address && each.port == port) listeners.swap(each.listeners);
  }
  if (listeners.empty()) SLUICE_CHECK(net::Listener::probe(address, port));
  while (listeners.size() < core_count_) {
    SLUICE_TRY(auto listener, net::Listener::open(address, port));
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

std::vector<Ports::Open> Ports::all() const {
  std::vector<Open> all;
  for (const auto& [server, place] : open_) {
    Open& open = all.emplace_back(Open{place.address, place.port, {}});
    for (const net::Listener& copy : place.copies) open.descriptors.push_back(copy.descriptor());
  }
  return all;
}

}  // namespace sluice::control
