// SPDX-License-Identifier: Apache-2.0
// Started<T>: a task that runs while its owner does something else, and is awaited afterwards.
#pragma once

#include <coroutine>
#include <utility>

#include "loop/task.h"

namespace sluice::server {

template <class T>
class Started {
 public:
  explicit Started(Task<T> task) : task_(std::move(task)) { task_.start(); }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

  [[nodiscard]] bool done() const { return task_.done(); }

  // co_await, once: its value.
  bool await_ready() const { return task_.done(); }
  void await_suspend(std::coroutine_handle<> awaiter) { task_.on_done(awaiter); }
  T await_resume() { return task_.take(); }

 private:
  Task<T> task_;
};

}  // namespace sluice::server
