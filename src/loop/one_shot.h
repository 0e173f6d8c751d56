// SPDX-License-Identifier: Apache-2.0
// OneShot: a value that callbacks of another library deliver to one coroutine. The first delivery
// counts. Callbacks after the coroutine is gone have no effect. Core-bound.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/time.h"
#include "loop/event.h"

namespace sluice::loop {

template <class T>
class OneShot {
 public:
  class Slot {
   public:
    explicit Slot(EventLoop& loop) : delivered_(loop) {}
    // Resumes the coroutine from inside this call, since the loop has called the callback.
    void set(T value) {
      if (value_) return;
      value_.emplace(std::move(value));
      delivered_.notify_now();
    }

   private:
    friend class OneShot;
    std::optional<T> value_;
    Event delivered_;
  };

  explicit OneShot(EventLoop& loop) : slot_(std::make_shared<Slot>(loop)) {}
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;

  // Returns the slot that a callback captures.
  [[nodiscard]] std::shared_ptr<Slot> slot() const { return slot_; }

  // co_await: bool. True once the value is there, false at `deadline`.
  [[nodiscard]] Event::Wait wait(TimePoint deadline = TimePoint::max()) {
    return slot_->delivered_.wait(deadline);
  }
  // Requires: the wait has resumed with true.
  [[nodiscard]] T take() { return std::move(*slot_->value_); }

 private:
  std::shared_ptr<Slot> slot_;
};

}  // namespace sluice::loop
