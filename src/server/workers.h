// SPDX-License-Identifier: Apache-2.0
// Workers: all cores together. control/ publishes snapshots to them; main() starts and drains them.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/descriptor_channel.h"
#include "server/trimmer.h"
#include "server/worker.h"

namespace sluice::server {

class Workers {
 public:
  // New sockets by server name; empty: that server accepts no more.
  using Listeners = std::map<std::string, std::vector<net::Listener>>;

  // `memory_bytes`: what connections, requests and caches of all cores may hold together.
  Workers(unsigned count, std::size_t memory_bytes, observe::AccessLog* access_log,
          const Logger& logger);
  ~Workers();

  [[nodiscard]] unsigned count() const { return static_cast<unsigned>(workers_.size()); }
  [[nodiscard]] const MemoryBudget& memory() const { return memory_; }
  [[nodiscard]] const loop::Core& core(unsigned index) const { return workers_[index]->core(); }
  void start();

  // Any thread but a worker's. Returns when every core has swapped, so what was changed is in
  // force. `listeners`: for servers whose sockets change, one per core.
  void publish(std::shared_ptr<const Snapshot> snapshot, Listeners listeners);

  // Every port is closed here on return. Idle connections are closed, busy ones after the responses
  // at hand.
  void stop_accepting();
  // Swaps to `snapshot`, stops accepting without closing any connection, and waits, at most
  // `patience`, for the requests that are on pipelines with shared data. False if some still are.
  [[nodiscard]] bool retire(std::shared_ptr<const Snapshot> snapshot, Duration patience);
  // Waits until no connection is left, at most `patience`. Returns how many are.
  std::size_t wait_for_connections(Duration patience);
  // A connection that another process has accepted, and what that one knows of its client.
  struct Handed {
    std::string server;
    net::OwnedDescriptor descriptor;
    std::string peer;  // address:port
    bool secure = false;
    std::string admission{};  // Admission::text(); "": unknown
  };
  // For any core. Any thread but a worker's.
  void adopt(Handed handed);

  // Stops accepting, waits for the requests in flight (at most `patience`), then closes what is
  // left. Returns the number of connections that had to be cut. Any thread but a worker's.
  std::size_t drain(Duration patience);
  // After drain(): ends the threads.
  void stop();

 private:
  [[nodiscard]] std::size_t connection_count();
  // Runs `work` on every core and waits for all.
  void on_every_core(const std::function<void(Worker&)>& work);

  Trimmer trimmer_;  // outlives the workers, as does the next
  MemoryBudget memory_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<unsigned> next_{0};  // core that adopts
};

}  // namespace sluice::server
