// SPDX-License-Identifier: Apache-2.0
// Acceptor: the listening socket of the API, and the threads that serve its connections. A thread
// serves one connection at a time.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "net/listener.h"

namespace sluice::admin {

class Acceptor {
 public:
  static constexpr std::size_t kThreads = 64;
  static constexpr std::size_t kWaitingMax = 128;  // connections; further ones are closed

  // Requires: `serve` takes a connected, non-blocking socket, closes it, and does not throw.
  Acceptor(net::Listener listener, std::function<void(int descriptor)> serve, Logger logger);
  // Blocks until the accepted connections are served. Requires: `serve` has been told to finish
  // soon.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  [[nodiscard]] int port() const { return listener_.port(); }
  [[nodiscard]] int descriptor() const { return listener_.descriptor(); }

 private:
  void accept_all();
  bool wait_for_connection() const;
  void take_one();
  void work();

  net::Listener listener_;
  const std::function<void(int)> serve_;
  const Logger logger_;
  int wake_;  // eventfd: ends the wait for connections
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  Condition news_;
  std::deque<int> waiting_ SLUICE_GUARDED_BY(mutex_);
  bool finished_ SLUICE_GUARDED_BY(mutex_) = false;  // no more connections will be added
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace sluice::admin
