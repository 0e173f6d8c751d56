// SPDX-License-Identifier: Apache-2.0
// Ports: the address and port of each server, and the errors of those that could not be bound. Used
// under the controller's change lock.
//
// Invariant: a port stays open throughout a change if any server had it and any server wants it.
// The sockets pass from one server to the other, with the connections that the kernel has queued.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/listener.h"

namespace sluice::control {

// The listening sockets of one address and port.
struct InheritedPort {
  std::string address;
  std::uint16_t port;
  std::vector<net::Listener> listeners;
};

class Ports {
 public:
  explicit Ports(unsigned core_count) : core_count_(core_count) {}

  // The address and port on which a server is to listen.
  struct Wanted {
    std::string name;
    std::string address;
    std::uint16_t port;
  };
  // The changes for the named servers. The other servers continue unchanged.
  struct Changes {
    // The sockets on which a server accepts from now on, at least one per core (inherited ones may
    // be more). Empty: the server stops accepting, because another server has its port.
    std::map<std::string, std::vector<net::Listener>> listeners;
    std::map<std::string, std::string> errors;  // server -> why it does not listen as configured
  };
  // Makes `servers`, the complete list, listen as wanted. A server that is not listed gives up its
  // port. A server whose port cannot be bound keeps its current one, unless another server wants
  // that.
  [[nodiscard]] Changes assign(const std::vector<Wanted>& servers);
  // Sockets of the predecessor process, which assign() uses instead of new ones.
  void inherit(std::vector<InheritedPort> inherited) { inherited_ = std::move(inherited); }
  // Closes inherited sockets that no server uses. Connections in their queues are reset.
  void drop_inherited() { inherited_.clear(); }
  // Gives up all ports: once the cores have closed their sockets, the kernel refuses connections.
  void close() { open_.clear(); }
  // An open port, for the successor process. Valid until the next change.
  struct Open {
    std::string address;
    std::uint16_t port;
    std::vector<int> descriptors;
  };
  [[nodiscard]] std::vector<Open> all() const;

 private:
  struct OpenPort {
    std::string address;
    std::uint16_t port;
    std::vector<net::Listener> copies;  // copies: the cores own the sockets themselves
    [[nodiscard]] bool is_of(const Wanted& server) const {
      return address == server.address && port == server.port;
    }
  };
  using OpenPorts = std::map<std::string, OpenPort>;
  void keep(const Wanted& server, OpenPorts& next, Changes& changes);
  void open(const Wanted& server, OpenPorts& next, Changes& changes);
  [[nodiscard]] Result<std::vector<net::Listener>> take_or_open(const Wanted& server) const;

  unsigned core_count_;
  OpenPorts open_;
  mutable std::vector<InheritedPort> inherited_;
};

}  // namespace sluice::control
