// SPDX-License-Identifier: Apache-2.0
// OneShot: a value that callbacks deliver to one coroutine. The first delivery counts; callbacks
// that come after the coroutine is gone find nobody.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::net {

template <class T>
class OneShot {
 public:
  class Slot {
   public:
    void set(T value) {
      if (value_) return;
      value_.emplace(std::move(value));
      if (awaiter_) std::exchange(awaiter_, {}).resume();
    }

   private:
    friend class OneShot;
    std::optional<T> value_;
    std::coroutine_handle<> awaiter_;
  };

  OneShot() : slot_(std::make_shared<Slot>()) {}
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;
  ~OneShot() { slot_->awaiter_ = {}; }

  // What a callback captures.
  [[nodiscard]] std::shared_ptr<Slot> slot() const { return slot_; }

  bool await_ready() const { return slot_->value_.has_value(); }
  void await_suspend(std::coroutine_handle<> awaiter) { slot_->awaiter_ = awaiter; }
  T await_resume() { return std::move(*slot_->value_); }

 private:
  std::shared_ptr<Slot> slot_;
};

}  // namespace sluice::net
