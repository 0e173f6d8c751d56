// SPDX-License-Identifier: Apache-2.0
// TurnWait: co_await it for one's turn; resumes with false at the deadline. Lives in the frame of
// the coroutine that waits; destroying it gives up the place in the queue.
#pragma once

#include <coroutine>
#include <cstdint>

#include "base/time.h"
#include "loop/event_loop.h"

namespace sluice::store {

class ChainView;

class TurnWait {
 public:
  TurnWait(ChainView& view, TimePoint deadline) : view_(view), deadline_(deadline) {}
  TurnWait(const TurnWait&) = delete;
  TurnWait& operator=(const TurnWait&) = delete;
  ~TurnWait();

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter);
  bool await_resume() const { return granted_; }

 private:
  friend class ChainView;
  void leave();

  ChainView& view_;
  TimePoint deadline_;
  std::uint64_t ticket_ = 0;  // 0: not in the queue
  bool granted_ = false;
  std::coroutine_handle<> waiter_;
  loop::EventLoop::Timer alarm_;
};

}  // namespace sluice::store
