// SPDX-License-Identifier: Apache-2.0
// A hot restart, from both sides: the process that is there starts its successor, gives it the
// listening sockets and then the data directory, and stays as long as it has connections.
//
//   old                                   new
//   starts it (SLUICE_PREDECESSOR=fd)     reads options and files
//                                    <--  "ready", or "error" and its end: the old one goes on
//   sends the sockets, and what runs      keeps them, and builds what runs
//                                    <--  "agreed", or "error" and its end: the old one goes on
//   holds requests; waits until no run
//   is at work; closes the store
//   "store", and what it knows       -->  opens store and objects, accepts
//                                    <--  "serving"
//   sends what its clients still say -->  serves it
//   leaves with its last connection
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
#include "config/value.h"
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
  // What goes to it, whichever program it is.
  struct Estate {
    std::vector<control::Ports::Open> ports;
    int admin;                  // the listening socket of the admin API
    std::string admin_address;  // --api-addr
    std::string data_dir;       // absolute
    Json objects;               // Controller::rehearsal(); null: it need not build any now
  };

  // Starts `path` with the program's arguments; returns when it is ready. The error says why it is
  // not; it has ended then. `given_up` is asked again and again meanwhile.
  [[nodiscard]] static Result<SuccessorProcess> start(const Program& program,
                                                      const std::string& path,
                                                      const std::function<bool()>& given_up);
  // Returns when it has agreed to go on with them; after an error it has ended. `given_up` as
  // above.
  [[nodiscard]] Result<void> give_sockets(const Estate& estate,
                                          const std::function<bool()>& given_up);
  // The store is closed. `knowledge`: Controller::knowledge(). Returns when the new process serves;
  // after an error it has ended. `look` is called again and again meanwhile.
  [[nodiscard]] Result<void> give_store(const Json& knowledge, const std::function<void()>& look);
  // Hands on a request to stop that came to this process. The new one does not take it for a
  // second request, whoever else has asked it.
  void ask_to_stop() const;
  // The old process goes on: this one is not wanted any more.
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

// The new process's side.
class PredecessorProcess {
 public:
  struct Estate {
    std::vector<control::InheritedPort> ports;
    std::optional<net::Listener> admin;
    std::string admin_address;
    std::string data_dir;
    Json objects;
  };

  // nullptr unless this process was started by another one to follow it.
  [[nodiscard]] static std::unique_ptr<PredecessorProcess> find();
  ~PredecessorProcess() { stop(); }
  PredecessorProcess(const PredecessorProcess&) = delete;
  PredecessorProcess& operator=(const PredecessorProcess&) = delete;

  // Says that this process is ready for them. Error: the old one has changed its mind.
  [[nodiscard]] Result<Estate> take_sockets();
  // Says that it may give up the store, and returns when it has. Error: as before.
  // What comes is what the old one knows, for Controller::start().
  [[nodiscard]] Result<config::Value> take_store();
  // Says that this process serves, and takes over the connections of the old one's clients.
  void serving(server::Workers& workers);
  // Nothing more is taken over.
  void stop();
  // Says why this process is about to end.
  void give_up(const std::string& reason);

 private:
  explicit PredecessorProcess(net::OwnedDescriptor end) : channel_(std::move(end)) {}
  [[nodiscard]] Result<net::ChannelMessage> next_message();
  void adopt_all(server::Workers& workers);

  net::DescriptorChannel channel_;
  std::thread thread_;
};

}  // namespace sluice::server_program
