// SPDX-License-Identifier: Apache-2.0
// Ports: which server listens where, and which could not. Used under the controller's change lock.
//
// Invariant: a port that any server had and any server wants stays open throughout. The sockets go
// from one server to the other, with the connections that the kernel has queued.
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

  // Where a server is to listen.
  struct Wanted {
    std::string name;
    std::string address;
    std::uint16_t port;
  };
  // What changes for the servers that are named; the others go on as they are.
  struct Changes {
    // The sockets that a server accepts on from now on, at least one per core (inherited ones may
    // be more). Empty: it accepts no more, for another server has its port.
    std::map<std::string, std::vector<net::Listener>> listeners;
    std::map<std::string, std::string> errors;  // server -> why it does not listen where it should
  };
  // From now on `servers`, all there are, listen where they say; who is not named gives up its
  // port. A server whose port cannot be had keeps the one it has, unless another server wants that.
  [[nodiscard]] Changes assign(const std::vector<Wanted>& servers);
  // Sockets of a process before this one, which assign() takes instead of new ones.
  void inherit(std::vector<InheritedPort> inherited) { inherited_ = std::move(inherited); }
  // Those that nobody has asked for: what waits in their queues is reset.
  void drop_inherited() { inherited_.clear(); }
  // Gives up all: once the cores have closed theirs, the ports refuse.
  void close() { open_.clear(); }
  // What is open, for the process after this one. Valid until the next change.
  struct Open {
    std::string address;
    std::uint16_t port;
    std::vector<int> descriptors;
  };
  [[nodiscard]] std::vector<Open> all() const;

 private:
  struct Place {
    std::string address;
    std::uint16_t port;
    std::vector<net::Listener> copies;  // the cores have the sockets themselves
    [[nodiscard]] bool is_of(const Wanted& server) const {
      return address == server.address && port == server.port;
    }
  };
  using Places = std::map<std::string, Place>;
  void keep(const Wanted& server, Places& next, Changes& changes);
  void open(const Wanted& server, Places& next, Changes& changes);
  [[nodiscard]] Result<std::vector<net::Listener>> take_or_open(const Wanted& server) const;

  unsigned core_count_;
  Places open_;
  mutable std::vector<InheritedPort> inherited_;
};

}  // namespace sluice::control
