// SPDX-License-Identifier: Apache-2.0
// Workers: all cores together. control/ publishes snapshots to them. main() starts and drains them.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/descriptor_channel.h"
#include "pipeline/pipeline_finder.h"
#include "server/trimmer.h"
#include "server/worker.h"

namespace sluice::server {

class Workers final : public pipeline::PipelineFinder {
 public:
  // New sockets by server name. An empty list: that server stops accepting.
  using Listeners = std::map<std::string, std::vector<net::Listener>>;

  // `memory_bytes`: the memory budget of connections, requests and caches of all cores together.
  Workers(unsigned count, std::size_t memory_bytes, observe::AccessLog* access_log,
          const Logger& logger);
  ~Workers();

  [[nodiscard]] unsigned count() const { return static_cast<unsigned>(workers_.size()); }
  [[nodiscard]] const MemoryBudget& memory() const { return memory_; }
  // Lines of the access log that were dropped since the start. Any thread.
  [[nodiscard]] std::uint64_t dropped_log_lines() const {
    return access_log_ == nullptr ? 0 : access_log_->dropped_lines();
  }
  [[nodiscard]] const loop::Core& core(unsigned index) const { return workers_[index]->core(); }
  [[nodiscard]] std::shared_ptr<const pipeline::Pipeline> pipeline(
      const loop::Core& core, std::string_view name) const override {
    return workers_[core.index]->context().pipeline(name);
  }
  // Whether the process serves, for the healthPath of its servers; false before the first call. Any
  // thread.
  void set_ready(bool ready) { ready_.store(ready, std::memory_order_relaxed); }
  void start();

  // Publishes `snapshot`. Returns when every core has swapped, so the change is in force.
  // `listeners`: for servers whose sockets change, one per core. Any thread but a worker's.
  void publish(std::shared_ptr<const Snapshot> snapshot, Listeners listeners);

  // Closes every port before it returns. Closes idle connections, and busy ones after their current
  // response.
  void stop_accepting();
  // Swaps to `snapshot`, stops accepting without closing any connection, and waits at most
  // `patience` for the requests on pipelines with shared data. Returns false if some still run.
  [[nodiscard]] bool retire(std::shared_ptr<const Snapshot> snapshot, Duration patience);
  // Waits at most `patience` for all connections to end. Returns how many remain.
  std::size_t wait_for_connections(Duration patience);
  // A connection that another process has accepted, with the admission that it has shown there.
  struct Handed {
    std::string server;
    Descriptor descriptor;
    std::string peer;  // address:port
    bool secure = false;
    std::string admission{};  // Admission::text(); "": unknown
  };
  // Serves the connection on some core. Any thread but a worker's.
  void adopt(Handed handed);

  // Stops accepting, waits at most `patience` for the requests in flight, then closes the remaining
  // connections. Returns how many it closed. Any thread but a worker's.
  std::size_t drain(Duration patience);
  // Ends the threads. Requires: drain() was called.
  void stop();

 private:
  [[nodiscard]] std::size_t connection_count();
  // Runs `work` on every core and waits until all are done.
  void on_every_core(const std::function<void(Worker&)>& work);

  observe::AccessLog* access_log_;  // may be null
  Trimmer trimmer_;                 // it and memory_ outlive the workers
  MemoryBudget memory_;
  std::atomic<bool> ready_{false};  // outlives the workers
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<unsigned> next_{0};  // the core that adopts next
};

}  // namespace sluice::server
