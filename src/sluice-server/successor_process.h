// SPDX-License-Identifier: Apache-2.0
// A hot restart, from both sides. The old process starts its successor, gives it the listening
// sockets and then the data directory, and stays while it has connections.
//
//   old                                   new
//   starts it (SLUICE_PREDECESSOR=fd)     reads options and files
//                                    <--  "ready", or "error" and its end: the old one continues
//   sends the sockets and its objects     keeps the sockets, rehearses the objects
//                                    <--  "agreed", or "error" and its end: the old one continues
//   holds requests; waits until no run
//   is in progress; closes the store
//   "store", and its knowledge       -->  opens store and objects, accepts
//                                    <--  "serving"
//   sends later requests             -->  serves them
//   ends with its last connection
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "control/ports.h"
#include "net/descriptor_channel.h"
#include "sluice-server/program.h"

namespace sluice::server_program {

// The side of the old process.
class SuccessorProcess {
 public:
  // The possessions that the successor gets, whichever program it is.
  struct Estate {
    std::vector<control::Ports::Open> ports;
    int admin;                  // the listening socket of the admin API
    std::string admin_address;  // --api-addr
    int health = -1;            // the listening socket of --health-addr; -1: there is none
    std::string health_address{};
    std::string data_dir;  // absolute
    std::string store;     // store_identity()
    Json objects;          // Controller::rehearsal(); null: it need not build any now
  };

  // Starts `path` with the program's arguments. Returns when the new process is ready. After an
  // error, which states the reason, the new process has ended. The wait polls `given_up`.
  [[nodiscard]] static Result<SuccessorProcess> start(const Program& program,
                                                      const std::string& path,
                                                      const std::function<bool()>& given_up);
  // Returns when the new process has agreed to continue with the sockets. After an error it has
  // ended. `given_up`: see start().
  [[nodiscard]] Result<void> give_sockets(const Estate& estate,
                                          const std::function<bool()>& given_up);
  // Requires: the store is closed. `knowledge`: Controller::knowledge(). Returns when the new
  // process serves. After an error it has ended. Calls `look` before the new process gets the
  // store, and during the wait.
  [[nodiscard]] Result<void> give_store(const Json& knowledge, const std::function<void()>& look);
  // Passes on a request to stop that this process has received. The new process does not count it
  // as a second request, even if it has received one already.
  void ask_to_stop() const;
  // Ends the new process, because the old one continues.
  void end() const;
  [[nodiscard]] const std::shared_ptr<net::DescriptorChannel>& channel() const { return channel_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  SuccessorProcess(std::shared_ptr<net::DescriptorChannel> channel, pid_t pid)
      : channel_(std::move(channel)), pid_(pid) {}
  [[nodiscard]] Result<void> send(const Json& text, std::span<const int> descriptors) const;
  [[nodiscard]] Result<void> send_all(const Estate& estate) const;
  [[nodiscard]] Result<void> send_store(const Json& knowledge) const;
  [[nodiscard]] Result<void> expect(std::string_view word, Duration patience,
                                    const std::function<bool()>& given_up);

  std::shared_ptr<net::DescriptorChannel> channel_;
  pid_t pid_;
};

}  // namespace sluice::server_program
