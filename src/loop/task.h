// SPDX-License-Identifier: Apache-2.0
// Task<T>: a lazy coroutine with one owner. It starts when awaited (or spawned on an EventLoop) and
// resumes its awaiter by symmetric transfer. Destroying a suspended Task destroys the whole chain
// below it; every awaiter cancels its wait in its destructor, so that is how work is cancelled. A
// Task belongs to the core whose loop resumes it. Await a started Task with loop/join.h: a plain
// co_await would resume it at its current suspension.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "loop/frames.h"

namespace sluice::loop {

template <class T>
class Task;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> awaiter = std::noop_coroutine();
  std::exception_ptr exception;

  static void* operator new(std::size_t size) { return frames::take(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { frames::give(frame, size); }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) noexcept {
      return self.promise().awaiter;
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() {
    if (exception) std::rethrow_exception(exception);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() {
    if (exception) std::rethrow_exception(exception);
  }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() { reset(); }

  // False for a Task without a coroutine: empty, moved from, or reset.
  [[nodiscard]] bool valid() const noexcept { return static_cast<bool>(handle_); }
  // True once the coroutine has returned.
  [[nodiscard]] bool done() const noexcept { return handle_ && handle_.done(); }
  // Runs until the first suspension. For owners that drive a Task themselves (EventLoop, tests).
  // Requires: valid, and not started.
  void start() { handle_.resume(); }
  // Returns the value, or rethrows the exception. Requires: done(); called once.
  T take() { return handle_.promise().take(); }
  // `then` is resumed when the Task is done; set it before start().
  void on_done(std::coroutine_handle<> then) { handle_.promise().awaiter = then; }

  auto operator co_await() && noexcept {
    struct Awaiter {
      Handle handle;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
        handle.promise().awaiter = awaiter;
        return handle;
      }
      T await_resume() { return handle.promise().take(); }
    };
    return Awaiter{handle_};
  }

  // Destroys the coroutine, which cancels its wait. The awaiter is not resumed.
  void reset() noexcept {
    if (auto h = std::exchange(handle_, {})) h.destroy();
  }

 private:
  Handle handle_;
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace detail

}  // namespace sluice::loop

namespace sluice {
using loop::Task;
}
