// SPDX-License-Identifier: Apache-2.0
// Pool: the idle connections of one core to a list of servers. It drops them when the backend
// closes them, says something unasked, or is about to close them by its own word.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "backend/h1_connection.h"
#include "base/time.h"
#include "loop/core.h"
#include "loop/event_loop.h"
#include "loop/task.h"

namespace sluice::backend {

struct PoolLimits {
  std::size_t idle_max = 10240;
  std::size_t idle_per_server_max = 1024;
  Duration idle_for_max = std::chrono::seconds(90);

  bool operator==(const PoolLimits&) const = default;
};

class Pool {
 public:
  // `gates`: one per server.
  Pool(const loop::Core& core, std::vector<std::shared_ptr<ConnectionGate>> gates,
       PoolLimits limits);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // The connection that became idle last, or null.
  [[nodiscard]] std::unique_ptr<H1Connection> take(std::size_t server);
  // Closes it if it cannot be used again, if there are enough, or if another core is short of
  // connections.
  void put(std::size_t server, std::unique_ptr<H1Connection> connection);
  [[nodiscard]] std::size_t idle() const { return idle_; }

 private:
  struct Idle {
    std::unique_ptr<H1Connection> connection;
    TimePoint until;  // may be used again
    bool dead = false;
    char heard = 0;
    Task<void> watch;
  };
  using Idles = std::vector<std::unique_ptr<Idle>>;  // oldest first
  struct Shelf {
    Idles idles;
    std::shared_ptr<ConnectionGate> gate;
    std::shared_ptr<void> evictor;
  };

  static Task<void> watch(Idle& idle);
  [[nodiscard]] static bool usable(const Idle& idle);
  void prune(Idles& idles);
  bool drop_one(Idles& idles);
  void sweep();

  const loop::Core& core_;
  PoolLimits limits_;
  std::vector<Shelf> shelves_;  // by server; never resized
  std::size_t idle_ = 0;
  loop::EventLoop::Timer sweep_;
};

}  // namespace sluice::backend
