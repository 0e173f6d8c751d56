// SPDX-License-Identifier: Apache-2.0
// The hand-over as the new process of a hot restart sees it. successor_process.h draws the
// messages.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/value.h"
#include "control/ports.h"
#include "net/descriptor_channel.h"
#include "net/listener.h"

namespace sluice::server {
class Workers;
}

namespace sluice::server_program {

class PredecessorProcess {
 public:
  struct Estate {
    std::vector<control::InheritedPort> ports;
    std::optional<net::Listener> admin;
    std::string admin_address;
    std::optional<net::Listener> health;
    std::string health_address;
    std::string data_dir;
    std::string store;  // store_identity(); "" from an earlier version
    Json objects;
  };

  // nullptr unless another process has started this one as its successor.
  [[nodiscard]] static std::unique_ptr<PredecessorProcess> find();
  ~PredecessorProcess() { stop(); }
  PredecessorProcess(const PredecessorProcess&) = delete;
  PredecessorProcess& operator=(const PredecessorProcess&) = delete;

  // Reports that this process is ready for the sockets. Error: the old process has decided to
  // continue.
  [[nodiscard]] Result<Estate> take_sockets();
  // Reports that the old process may give up the store, and returns once it has. Returns the
  // knowledge of the old process, for Controller::start(). Error: as for take_sockets().
  [[nodiscard]] Result<config::Value> take_store();
  // Reports that this process serves, and takes over the connections of the old process's clients.
  void serving(server::Workers& workers);
  // Stops taking over connections.
  void stop();
  // Reports why this process is about to end.
  void give_up(const std::string& reason);

 private:
  explicit PredecessorProcess(Descriptor end) : channel_(std::move(end)) {}
  [[nodiscard]] Result<net::ChannelMessage> next_message();
  void adopt_all(server::Workers& workers);

  net::DescriptorChannel channel_;
  std::thread thread_;
};

}  // namespace sluice::server_program
