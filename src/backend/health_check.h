// SPDX-License-Identifier: Apache-2.0
// HealthChecker: asks the servers of a pool again and again whether they are well, and writes the
// answer to their ServerState. One for the process, on a thread of its own for all pools, however
// many cores there are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend/client.h"
#include "backend/server.h"
#include "backend/server_state.h"
#include "base/log.h"
#include "base/time.h"
#include "http/message.h"
#include "loop/event_loop.h"

namespace sluice::backend {

struct HealthCheck {
  Duration interval = std::chrono::seconds(60);
  Duration timeout = std::chrono::seconds(3);
  unsigned fails = 1;                   // in a row, until a server counts as unhealthy
  unsigned passes = 1;                  // in a row, until it counts as healthy again
  std::optional<std::uint16_t> port{};  // nullopt: the server's
  std::string method = "GET";
  std::string target = "/";            // behind the path of the server's URL
  std::vector<http::Field> headers{};  // Host among them, perhaps
  std::string body{};
  bool wants_body = false;       // `fault` looks at the body of the response, of at most 64 KiB
  ConnectorOptions connector{};  // how to reach them; `timeout` is above it
  // What is wrong with a response; "" for nothing. Called on the thread of the checks.
  std::function<std::string(const http::Response&)> fault{};
};

// The thread that all checkers run on; they keep it alive.
class HealthThread {
 public:
  HealthThread();
  ~HealthThread();
  HealthThread(const HealthThread&) = delete;
  HealthThread& operator=(const HealthThread&) = delete;
  [[nodiscard]] loop::EventLoop& loop() { return loop_; }

 private:
  loop::EventLoop loop_;
  std::thread thread_;
};

// Any thread.
class HealthChecker {
 public:
  // Begins at once. `pool`: its name, for the log.
  HealthChecker(std::shared_ptr<HealthThread> thread, std::string pool, Servers servers,
                ServerStates states, HealthCheck check, Logger logger);
  ~HealthChecker();
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;

  // What the last check of a server found wrong; "" for nothing.
  [[nodiscard]] std::string fault(std::size_t server) const;

 private:
  struct Run;
  std::shared_ptr<HealthThread> thread_;
  std::shared_ptr<Run> run_;
};

}  // namespace sluice::backend
