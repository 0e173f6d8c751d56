// SPDX-License-Identifier: Apache-2.0
#include "control/ports.h"

#include <algorithm>

namespace sluice::control {
namespace {

Result<std::vector<net::Listener>> duplicate(const std::vector<net::Listener>& listeners) {
  std::vector<net::Listener> copies;
  for (const net::Listener& listener : listeners) {
    SLUICE_TRY(auto copy, listener.duplicate());
    copies.push_back(std::move(copy));
  }
  return copies;
}

}  // namespace

Ports::Changes Ports::assign(const std::vector<Wanted>& servers) {
  OpenPorts next;
  Changes changes;
  // Ports that are open already come first: only then are the ports known that failed servers may
  // keep.
  for (const Wanted& server : servers) keep(server, next, changes);
  for (const Wanted& server : servers) {
    if (!next.contains(server.name) && !changes.errors.contains(server.name))
      open(server, next, changes);
  }
  for (const auto& [name, error] : changes.errors) {
    const auto old = open_.find(name);
    if (old == open_.end()) continue;
    if (old->second.copies.empty()) {  // another server has taken over its sockets
      changes.listeners.emplace(name, std::vector<net::Listener>());
    } else {
      next.insert_or_assign(name, std::move(old->second));
    }
  }
  open_ = std::move(next);
  return changes;
}

// Moves an open port of that address and number to `server`. The sockets themselves stay open.
void Ports::keep(const Wanted& server, OpenPorts& next, Changes& changes) {
  const auto own = open_.find(server.name);
  const bool stays = own != open_.end() && own->second.is_of(server);
  const auto found = stays ? own : std::ranges::find_if(open_, [&server](const auto& entry) {
    return entry.second.is_of(server);
  });
  if (found == open_.end() || found->second.copies.empty()) return;
  if (!stays) {
    auto sockets = duplicate(found->second.copies);
    if (!sockets) {
      changes.errors[server.name] = sockets.error().message;
      return;
    }
    changes.listeners[server.name] = *std::move(sockets);
  }
  OpenPort& open_port = next[server.name];
  open_port = {server.address, server.port, std::exchange(found->second.copies, {})};
}

void Ports::open(const Wanted& server, OpenPorts& next, Changes& changes) {
  auto sockets = take_or_open(server);
  auto copies = sockets ? duplicate(*sockets) : std::unexpected(sockets.error());
  if (!copies) {
    changes.errors[server.name] = copies.error().message;
    return;
  }
  changes.listeners[server.name] = *std::move(sockets);
  next[server.name] = {server.address, server.port, *std::move(copies)};
}

Result<std::vector<net::Listener>> Ports::take_or_open(const Wanted& server) const {
  std::vector<net::Listener> listeners;
  for (InheritedPort& each : inherited_) {
    if (each.address == server.address && each.port == server.port) listeners.swap(each.listeners);
  }
  // probe() would report a port as taken that this process holds at another address.
  const bool ours = std::ranges::any_of(
      open_, [&server](const auto& entry) { return entry.second.port == server.port; });
  if (listeners.empty() && !ours) SLUICE_CHECK(net::Listener::probe(server.address, server.port));
  while (listeners.size() < core_count_) {
    SLUICE_TRY(auto listener, net::Listener::open(server.address, server.port));
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

std::vector<Ports::Open> Ports::all() const {
  std::vector<Open> all;
  for (const auto& [server, open_port] : open_) {
    Open& open = all.emplace_back(Open{open_port.address, open_port.port, {}});
    for (const net::Listener& copy : open_port.copies)
      open.descriptors.push_back(copy.descriptor());
  }
  return all;
}

}  // namespace sluice::control
