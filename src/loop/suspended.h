// SPDX-License-Identifier: Apache-2.0
// Suspended: a coroutine that may be suspended, as an element of the list of those that wait for
// the same thing, or of those that the loop will resume. Waiter adds the deadline. Core-bound.
#pragma once

#include <coroutine>
#include <utility>

#include "loop/link.h"

namespace sluice::loop {

class Suspended : public Link {
 public:
  // Leaves its list and resumes the coroutine, if it is suspended.
  // Requires: the coroutine does not destroy what the caller uses afterwards. It may destroy this.
  void resume() {
    unlink();
    if (awaiter_) std::exchange(awaiter_, {}).resume();
  }

 protected:
  std::coroutine_handle<> awaiter_;  // null: not suspended
};

}  // namespace sluice::loop
