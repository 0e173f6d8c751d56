// SPDX-License-Identifier: Apache-2.0
// Ports: which server listens where, and which could not. Used under the controller's change lock.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/listener.h"
#include "router/server_spec.h"

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

  // Opens sockets for `server` (one per core; inherited ones may be more) unless it has that
  // address and port already; then the result is empty. An error leaves the server as it was.
  [[nodiscard]] Result<std::vector<net::Listener>> open(const router::HttpServerSpec& server);
  void forget(const std::string& server) { open_.erase(server); }
  // Sockets of a process before this one, which open() takes instead of new ones.
  void inherit(std::vector<InheritedPort> inherited) { inherited_ = std::move(inherited); }
  // Those that nobody has asked for: what waits in their queues is reset.
  void drop_inherited() { inherited_.clear(); }
  // What is open, for the process after this one. Valid until the next change.
  struct Open {
    std::string address;
    std::uint16_t port;
    std::vector<int> descriptors;
  };
  [[nodiscard]] std::vector<Open> all() const;
  [[nodiscard]] bool is_open(const std::string& server) const { return open_.contains(server); }

 private:
  struct Place {
    std::string address;
    std::uint16_t port;
    std::vector<net::Listener> copies;  // the cores have the sockets themselves
  };
  [[nodiscard]] Result<std::vector<net::Listener>> take_or_open(const std::string& address,
                                                                std::uint16_t port);
  unsigned core_count_;
  std::map<std::string, Place> open_;
  std::vector<InheritedPort> inherited_;
};

}  // namespace sluice::control
