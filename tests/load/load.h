// SPDX-License-Identifier: Apache-2.0
// Load: keep-alive connections on one thread, each with one request on the way. A connection that
// fails is not opened again.
#pragma once

#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "answer.h"
#include "descriptor.h"
#include "tally.h"
#include "users.h"

namespace load {

struct Target {
  std::string host = "127.0.0.1";  // an IPv4 address
  int port = 0;
  std::string path = "/";
  std::string name_prefix = "u";  // of a user's name, before his number
  bool scatter = false;           // names in no order
};

class Load {
 public:
  Load(Target target, Users users, Tally& tally);
  // Until every answer has come, or `*stopped` is set and those on the way have come, or no
  // connection is left. No new request after `end`.
  void run(unsigned connections, Clock::time_point end, const volatile std::sig_atomic_t& stopped);

 private:
  struct Connection {
    explicit Connection(int socket) : descriptor(socket) {}
    Descriptor descriptor;
    std::string input;
    std::uint64_t user = 0;
    bool was_in = false;
    Clock::time_point sent;
    bool done = false;
  };

  void open(unsigned connections);
  void send(Connection& connection);
  [[nodiscard]] std::string name(std::uint64_t user) const;
  void receive(Connection& connection);
  void take_answers(Connection& connection);
  void end(Connection& connection, const std::string& failure);

  const Target target_;
  Users users_;
  Tally& tally_;
  Descriptor poll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t open_ = 0;
  std::string request_;
};

}  // namespace load
