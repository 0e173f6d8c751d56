// SPDX-License-Identifier: Apache-2.0
// A watch of keys whose order and state the caller keeps. Core-bound.
#pragma once

#include <functional>

#include "loop/task.h"
#include "store/etcd/kv.h"

namespace sluice::store {

// Watches until the watch ends, and calls `on_event` for each event, in order. Returns the endpoint
// that the next watch avoids. Requires: `kv` and `on_event` outlive the Task.
using OnEvent = std::function<void(const pb::Event& event)>;
[[nodiscard]] Task<etcd::EndpointIndex> watch_until_it_ends(Kv& kv, etcd::WatchOptions options,
                                                            const OnEvent& on_event);

}  // namespace sluice::store
