// SPDX-License-Identifier: Apache-2.0
// A hot restart, from both sides: the process that is there starts its successor, gives it the
// listening sockets and then the data directory, and stays as long as it has connections.
//
//   old                                   new
//   starts it (SLUICE_PREDECESSOR=fd)     reads options and files
//                                    <--  "ready", or "error" and its end: the old one goes on
//   sends the sockets                     keeps them
//   holds requests; waits until no run
//   is at work; closes the store
//   "store"                          -->  opens store and objects, accepts
//                                    <--  "serving"
//   sends what its clients still say -->  serves it
//   leaves with its last connection
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "control/ports.h"
#include "net/descriptor_channel.h"
#include "net/listener.h"

namespace sluice::server {
class Workers;
}

namespace sluice::server_program {

// How this program was called.
struct Program {
  std::string path;  // of the file, which may be another version by now
  std::vector<std::string> arguments;

  [[nodiscard]] static Program of(int argc, char** argv);
};

// The old process's side.
class SuccessorProcess {
 public:
  // Starts `path` with the program's arguments; returns when it is ready. The error says why it is
  // not; it has ended then.
  [[nodiscard]] static Result<SuccessorProcess> start(const Program& program,
                                                      const std::string& path);
  // `admin`: the listening socket of the admin API, -1 if there is none.
  [[nodiscard]] Result<void> give_sockets(const std::vector<control::Ports::Open>& ports,
                                          int admin) const;
  // The store is closed. Returns when the new process serves; after an error it has ended.
  [[nodiscard]] Result<void> give_store();
  [[nodiscard]] const std::shared_ptr<net::DescriptorChannel>& channel() const { return channel_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  SuccessorProcess(std::shared_ptr<net::DescriptorChannel> channel, pid_t pid)
      : channel_(std::move(channel)), pid_(pid) {}
  [[nodiscard]] Result<void> expect(std::string_view word, Duration patience);
  void end() const;

  std::shared_ptr<net::DescriptorChannel> channel_;
  pid_t pid_;
};

// The new process's side.
class PredecessorProcess {
 public:
  struct Sockets {
    std::vector<control::InheritedPort> ports;
    std::optional<net::Listener> admin;
  };

  // nullptr unless this process was started by another one to follow it.
  [[nodiscard]] static std::unique_ptr<PredecessorProcess> find();
  ~PredecessorProcess() { stop(); }
  PredecessorProcess(const PredecessorProcess&) = delete;
  PredecessorProcess& operator=(const PredecessorProcess&) = delete;

  // Says that it may give up the store, and returns when it has. Error: it has changed its mind.
  [[nodiscard]] Result<Sockets> take_over();
  // Says that this process serves, and takes over the connections of the old one's clients.
  void serving(server::Workers& workers);
  // Nothing more is taken over.
  void stop();
  // Says why this process is about to end.
  void give_up(const std::string& reason);

 private:
  explicit PredecessorProcess(net::OwnedDescriptor end) : channel_(std::move(end)) {}
  void adopt_all(server::Workers& workers);

  net::DescriptorChannel channel_;
  std::thread thread_;
};

}  // namespace sluice::server_program
