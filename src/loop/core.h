// SPDX-License-Identifier: Apache-2.0
// Core: which worker an object belongs to. Made by server/worker, passed down by reference.
#pragma once

namespace sluice::loop {

class EventLoop;

struct Core {
  EventLoop& loop;
  unsigned index;  // 0 .. count-1
  unsigned count;  // number of workers in the process
};

}  // namespace sluice::loop
