// SPDX-License-Identifier: Apache-2.0
// Client: exchanges with a list of servers, over connections that are kept. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "backend/addresses.h"
#include "backend/connection.h"
#include "backend/pool.h"
#include "backend/server.h"
#include "http/message.h"
#include "loop/event_loop.h"
#include "loop/task.h"

namespace sluice::backend {

struct Call {
  std::size_t server = 0;
  std::string_view host{};                // for the Host field; empty: the request's own
  TimePoint deadline = TimePoint::max();  // of the whole exchange; of the head if the body streams
  std::int64_t body_bytes_max = 4 << 20;  // of the response; < 0: the body is a stream
};

class Client {
 public:
  // `servers` must outlive the Client.
  Client(loop::EventLoop& loop, const std::vector<Server>& servers, PoolLimits limits);

  // Sends `request`, fills `response`. If a kept connection turns out to be dead before any byte of
  // a response, a request that may be repeated (idempotent, its body whole) goes out once more on a
  // new one. A streamed request body is taken from the request. A streamed response body owns its
  // connection; dropping it early closes the connection.
  [[nodiscard]] Task<Outcome<void>> exchange(const Call& call, http::Request& request,
                                             http::Response& response);
  [[nodiscard]] std::size_t idle() const { return pool_->idle(); }

 private:
  Task<Outcome<std::unique_ptr<Connection>>> connect(const Call& call);
  Task<Outcome<void>> finish(const Call& call, std::unique_ptr<Connection> connection,
                             std::string_view method, http::Response& response);

  loop::EventLoop& loop_;
  const std::vector<Server>& servers_;
  Addresses addresses_;
  std::shared_ptr<Pool> pool_;  // streamed bodies hand their connections back if it still is there
};

}  // namespace sluice::backend
