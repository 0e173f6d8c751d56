// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/watch_loop.h"

#include <utility>

#include "store/etcd/context.h"

namespace sluice::store {

Task<etcd::EndpointIndex> watch_until_it_ends(Kv& kv, etcd::WatchOptions options,
                                              const OnEvent& on_event) {
  const auto watch = kv.watch(std::move(options));
  const auto started = co_await watch->start(Clock::now() + kReadMax);
  if (!started) co_return started.error().endpoint;
  while (true) {
    const auto reply = co_await watch->next(TimePoint::max());
    if (!reply) co_return reply.error().endpoint;
    for (const auto& event : reply->events()) on_event(event);
  }
}

}  // namespace sluice::store
