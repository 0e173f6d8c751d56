// SPDX-License-Identifier: Apache-2.0
// Core: the identity of a worker. server/worker makes it and passes it down by reference.
#pragma once

namespace sluice::loop {

class EventLoop;

// Outlives everything that refers to it.
struct Core {
  EventLoop& loop;
  unsigned index;  // 0 .. count-1
  unsigned count;  // number of workers in the process
};

}  // namespace sluice::loop
