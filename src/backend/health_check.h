// SPDX-License-Identifier: Apache-2.0
// HealthChecker: checks the health of a pool's servers periodically and stores the result in their
// ServerState. One thread of the process runs the checks of all pools, for all cores.
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

// One request of a check.
struct HealthProbe {
  std::optional<std::uint16_t> port{};  // nullopt: the server's
  std::string method = "GET";
  std::string target = "/";            // appended to the path of the server's URL
  std::vector<http::Field> headers{};  // may include Host
  std::string body{};
  std::string upgrade{};    // the protocol that the request asks to switch to; "": none
  bool wants_body = false;  // `fault` reads the body of the response, at most 64 KiB
  // The fault of a response; "" for none. Called on the thread of the checks.
  std::function<std::string(const http::Response&)> fault{};
};

struct HealthCheck : HealthProbe {
  std::vector<HealthProbe> more{};  // a server is good if these find no fault either
  Duration interval = std::chrono::seconds(60);
  Duration timeout = std::chrono::seconds(3);  // of each probe
  unsigned fails = 1;                          // in a row, until a server counts as unhealthy
  unsigned passes = 1;                         // in a row, until it counts as healthy again
  ConnectorOptions connector{};  // for the connections to the servers; `timeout` is above it
};

// The thread of all checkers, and of the documents that are read again (watched_document.h). They
// keep it alive.
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
  // Starts at once. `pool`: its name, for the log.
  HealthChecker(std::shared_ptr<HealthThread> thread, std::string pool, Servers servers,
                ServerStates states, HealthCheck check, Logger logger);
  // Does not wait: a check in progress is cancelled on the thread of the checks.
  ~HealthChecker();
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;

  // The fault that the last check of a server found; "" for none.
  [[nodiscard]] std::string fault(std::size_t server) const;

 private:
  struct Run;
  std::shared_ptr<HealthThread> thread_;
  std::shared_ptr<Run> run_;
};

}  // namespace sluice::backend
