// SPDX-License-Identifier: Apache-2.0
// Mirror: sends copies of requests to a pool of their own and discards the responses. Invariant: a
// mirror neither delays a request nor changes its outcome. Beyond its limits it makes no copy.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/json.h"
#include "filters/proxy/pool_filter.h"
#include "filters/proxy/request_matcher.h"
#include "filters/proxy/spec.h"
#include "loop/event_loop.h"
#include "observe/counter.h"
#include "pipeline/exchange.h"

namespace sluice::filters {

// Immutable but for its counters. Any thread.
class MirrorPrototype {
 public:
  // `pool` streams its responses, so that they need no memory.
  MirrorPrototype(std::shared_ptr<const PoolPrototype> pool, RequestMatcher matcher,
                  const MirrorSpec& spec, unsigned core_count);
  // The pool's status, and {"copies": {"sent", "dropped"}}.
  [[nodiscard]] Json status() const;
  [[nodiscard]] const PoolPrototype& pool() const { return *pool_; }

 private:
  friend class Mirror;
  struct Cells {
    observe::Cell sent;
    observe::Cell dropped;  // over a limit, with a streamed body, or an upgrade
  };
  std::shared_ptr<const PoolPrototype> pool_;
  RequestMatcher matcher_;
  Duration timeout_;
  std::size_t copies_max_;  // per core
  std::size_t bytes_max_;   // per core
  std::shared_ptr<observe::PerCore<Cells>> cells_;
};

// Core-bound. Destroying the Mirror cancels the copies under way.
class Mirror {
 public:
  Mirror(const loop::Core& core, std::shared_ptr<const MirrorPrototype> prototype, Logger logger);
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  // Copies the request of the active namespace if the pool's filter matches it. Requires: the
  // request has not gone to its own pool yet.
  void offer(pipeline::Exchange& exchange, std::minstd_rand& random);

 private:
  struct Copy {
    std::size_t bytes = 0;
    Task<void> task;
    loop::EventLoop::Timer deadline;
  };
  void sweep();
  Task<void> send(http::Request request, std::string client_ip);

  const loop::Core& core_;
  std::shared_ptr<const MirrorPrototype> prototype_;
  PoolFilter pool_;
  std::size_t bytes_ = 0;
  std::vector<std::unique_ptr<Copy>> copies_;  // last: they use the pool
};

}  // namespace sluice::filters
