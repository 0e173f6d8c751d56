// SPDX-License-Identifier: Apache-2.0
// OnCore: a member of a class whose objects are core-bound. With debug assertions (base/assert.h),
// here() ends the process if a thread other than the core's uses the object while the loop runs;
// any thread may use it before and after, to build or destroy it. Without them, OnCore is empty and
// does nothing.
//
//   [[no_unique_address]] loop::OnCore on_core_;   // on_core_(core.loop) in the constructor
//   void put(...) { on_core_.here(); ... }         // what other objects call
#pragma once

#include "base/assert.h"
#include "loop/event_loop.h"

namespace sluice::loop {

template <bool checked>
class OnCoreChecked {
 public:
  // Requires: `loop` outlives the calls of here().
  explicit OnCoreChecked(const EventLoop& loop) : loop_(&loop) {}
  void here() const {
    SLUICE_ASSERT(loop_->is_here(), "an object of a core is used on the thread of that core");
  }

 private:
  const EventLoop* loop_;
};

template <>
class OnCoreChecked<false> {
 public:
  explicit OnCoreChecked(const EventLoop&) {}
  void here() const {}
};

using OnCore = OnCoreChecked<kDebugAsserts>;

}  // namespace sluice::loop
