// SPDX-License-Identifier: Apache-2.0
// The servers of a pool, and one try at one of them. What wraps tries (retry, breaker, cache,
// mirror) stands in pool.h.
//   ServerPoolPrototype  per pool and generation: what the cores share
//   ServerPool           its part on one core: the next turn, the connections
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/balancer.h"
#include "backend/client.h"
#include "backend/pool.h"
#include "backend/server.h"
#include "base/json.h"
#include "base/time.h"
#include "filters/proxy/server_pool_spec.h"
#include "http/message.h"
#include "loop/core.h"

namespace sluice::filters {

// Limits that a Proxy sets for all its pools; of the process.
struct ConnectionLimits {
  std::size_t idle_max = 10240;
  std::size_t idle_per_server_max = 1024;
};

// Immutable but for what the cores tell each other about the servers. Any thread.
class ServerPoolPrototype {
 public:
  ServerPoolPrototype(const ServerPoolSpec& spec, const ConnectionLimits& limits,
                      unsigned core_count);

  // For the status of the pool: [{"url", …}].
  [[nodiscard]] Json status() const;

 private:
  friend class ServerPool;
  std::vector<backend::Server> servers_;
  backend::Policy policy_ = backend::Policy::round_robin;
  std::string header_;
  backend::PoolLimits limits_;  // of one core
  bool set_server_host_ = false;
};

// What a try needs besides the request.
struct Try {
  std::string_view client_ip;             // valid until the try is over
  TimePoint deadline = TimePoint::max();  // of the whole exchange; of the head if the body streams
  std::int64_t body_bytes_max = 4 << 20;  // of the response; < 0: the body is a stream
};

// What there is to know about a try that brought a response.
struct Reply {
  std::size_t server = 0;
  // For a Set-Cookie field to this client only; "" for none. Add it after the response was cached.
  std::string set_cookie{};
};

// Core-bound. The filter that owns it outlives its exchanges.
class ServerPool {
 public:
  // `previous`: this core's pool of the same name in the generation before; may be null.
  ServerPool(const loop::Core& core, std::shared_ptr<const ServerPoolPrototype> prototype,
             ServerPool* previous);

  // One try at one server of the balancer's choice. Fills `response`, whatever was in it before.
  // The request is as before afterwards, but for a streamed body, which is taken. The error names
  // the server; its stage `choose` means that no server can be had now. Destroying the Task gives
  // the try up.
  [[nodiscard]] Task<backend::Outcome<Reply>> exchange(const Try& attempt, http::Request& request,
                                                       http::Response& response);

 private:
  [[nodiscard]] std::string_view host_for(const backend::Server& server,
                                          std::string_view client_host) const;

  std::shared_ptr<const ServerPoolPrototype> prototype_;
  backend::Balancer balancer_;
  backend::Client client_;
};

}  // namespace sluice::filters
