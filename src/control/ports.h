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

class Ports {
 public:
  explicit Ports(unsigned core_count) : core_count_(core_count) {}

  // Opens sockets for `server` (one per core) unless it has that address and port already; then the
  // result is empty. An error leaves the server as it was.
  [[nodiscard]] Result<std::vector<net::Listener>> open(const router::HttpServerSpec& server);
  void forget(const std::string& server) { open_.erase(server); }
  [[nodiscard]] bool is_open(const std::string& server) const { return open_.contains(server); }

 private:
  struct Place {
    std::string address;
    std::uint16_t port;
    bool operator==(const Place&) const = default;
  };
  unsigned core_count_;
  std::map<std::string, Place> open_;
};

}  // namespace sluice::control
