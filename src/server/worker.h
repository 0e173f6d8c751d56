// SPDX-License-Identifier: Apache-2.0
// Worker: a thread with an event loop and everything that serves on it. There is one per core.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.h"
#include "loop/core.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"
#include "net/listener.h"
#include "server/core_context.h"
#include "server/core_server.h"
#include "server/snapshot.h"
#include "server/trimmer.h"

namespace sluice::server {

class Worker {
 public:
  // `access_log` may be null (disabled). Requires: `access_log`, `trimmer` and `memory` outlive
  // this.
  Worker(unsigned index, unsigned count, observe::AccessLog* access_log, Logger logger,
         Trimmer& trimmer, MemoryBudget& memory);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Any thread.
  [[nodiscard]] const loop::Core& core() const { return core_; }
  // Before start(): see CoreContext.
  void watch(const std::atomic<bool>& ready) { context_.watch(ready); }
  void start();
  void stop();  // joins the thread and closes open connections

  // The functions below are for the worker's own thread.

  [[nodiscard]] const CoreContext& context() const { return context_; }
  // Swaps to `snapshot`. `listeners`: new sockets of this core, by server name.
  void install(const Snapshot& snapshot,
               std::map<std::string, std::vector<net::Listener>> listeners);
  void drain();
  // Swaps to `snapshot`. The servers stop accepting and close no connection. Returns the pipelines
  // with shared data on which requests may still run.
  [[nodiscard]] std::vector<std::weak_ptr<const pipeline::Pipeline>> retire(
      const Snapshot& snapshot);
  // Serves `stream`, a connection to `server` that another process has accepted. `shown` is its
  // admission.
  void adopt(std::string_view server, std::unique_ptr<net::Stream> stream, Admission shown);
  void close_all();
  [[nodiscard]] std::size_t connection_count() const;

 private:
  Task<void> tick();
  void note_given_back(std::size_t connections);
  void note_bytes_given_back();

  loop::EventLoop loop_;
  loop::Core core_;
  [[no_unique_address]] loop::OnCore on_core_;
  CoreContext context_;
  std::map<std::string, std::shared_ptr<CoreServer>, std::less<>> servers_;
  std::vector<std::weak_ptr<const pipeline::Pipeline>> superseded_;  // with shared data
  std::vector<std::weak_ptr<CoreServer>> leaving_;  // deleted servers that still have connections
  Trimmer& trimmer_;
  std::size_t given_back_ = 0;  // connections that closed or came to rest since the last trim
  TimePoint trim_after_ = TimePoint::min();
  TimePoint trim_bytes_after_ = TimePoint::min();
  std::thread thread_;
};

}  // namespace sluice::server
