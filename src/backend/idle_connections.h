// SPDX-License-Identifier: Apache-2.0
// IdleConnections: one core's idle connections to a list of servers, kept for reuse. A connection
// is dropped when the backend closes it, sends unexpected bytes, or has announced to close it soon.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "backend/h1_connection.h"
#include "base/time.h"
#include "loop/core.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"
#include "loop/task.h"

namespace sluice::backend {

struct IdleLimits {
  std::size_t max = 10240;  // over all servers
  std::size_t per_server_max = 1024;
  Duration for_max = std::chrono::seconds(90);  // then the connection is closed
  // The idle connections of all IdleConnections of a core that have it: `max` counts these. Null:
  // `max` counts the own ones.
  std::shared_ptr<std::size_t> together{};

  bool operator==(const IdleLimits&) const = default;
};

class IdleConnections {
 public:
  // `gates`: one per server.
  IdleConnections(const loop::Core& core, std::vector<std::shared_ptr<ConnectionGate>> gates,
                  IdleLimits limits);
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;
  ~IdleConnections();

  // Returns the most recently idle connection, or null if there is none.
  [[nodiscard]] std::unique_ptr<H1Connection> take(std::size_t server);
  // Keeps the connection. Closes it instead if it is not reusable, if enough are idle, or if
  // another core needs a connection.
  void put(std::size_t server, std::unique_ptr<H1Connection> connection);
  [[nodiscard]] std::size_t idle() const { return idle_; }

 private:
  struct Idle {
    std::unique_ptr<H1Connection> connection;
    TimePoint until;  // the end of its reuse
    bool dead = false;
    char heard = 0;
    Task<void> watch;
  };
  using Idles = std::vector<std::unique_ptr<Idle>>;  // oldest first
  struct ServerIdles {
    Idles idles;
    std::shared_ptr<ConnectionGate> gate;
    std::shared_ptr<void> evictor;
  };

  static Task<void> watch(Idle& idle);
  [[nodiscard]] static bool usable(const Idle& idle);
  [[nodiscard]] bool is_full(const Idles& idles) const;
  void add() { ++idle_, ++*all_; }
  void subtract(std::size_t count) { idle_ -= count, *all_ -= count; }
  void prune(Idles& idles);
  bool drop_one(Idles& idles);
  void sweep();

  const loop::Core& core_;
  [[no_unique_address]] loop::OnCore on_core_;
  IdleLimits limits_;
  std::vector<ServerIdles> by_server_;  // never resized
  std::size_t idle_ = 0;
  std::shared_ptr<std::size_t> all_;  // those that count for the limit
  loop::EventLoop::Timer sweep_;
};

}  // namespace sluice::backend
