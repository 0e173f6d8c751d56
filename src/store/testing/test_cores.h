// SPDX-License-Identifier: Apache-2.0
// For tests: cores with a thread and an event loop each.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "loop/core.h"
#include "loop/event_loop.h"
#include "store/store.h"

namespace sluice::store {

// Requires: it is created before the Store and destroyed after it.
class TestCores {
 public:
  explicit TestCores(unsigned count) {
    for (unsigned i = 0; i < count; ++i) loops_.push_back(std::make_unique<loop::EventLoop>());
    for (auto& loop : loops_) threads_.emplace_back([&loop = *loop] { loop.run(); });
  }
  ~TestCores() {
    // By mailbox, because a stop() before run() begins would be lost.
    for (auto& loop : loops_) loop->post([&loop = *loop] { loop.stop(); });
    for (auto& thread : threads_) thread.join();
  }
  TestCores(const TestCores&) = delete;
  TestCores& operator=(const TestCores&) = delete;

  [[nodiscard]] unsigned count() const { return static_cast<unsigned>(loops_.size()); }
  [[nodiscard]] loop::EventLoop& loop(unsigned i) { return *loops_[i]; }
  [[nodiscard]] loop::Core core(unsigned i) { return {*loops_[i], i, count()}; }

  // Runs work() on core i and waits for its result.
  template <class Work>
  decltype(auto) on(unsigned i, Work work) {
    std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
    auto result = task.get_future();
    loop(i).post([&task] { task(); });
    return result.get();
  }
  // Calls make() on core i and starts its Task<T> there. Returns a future of its result.
  template <class Make>
  auto start(unsigned i, Make make) {
    using Value = typename TaskValue<std::invoke_result_t<Make>>::type;
    std::promise<Value> promise;
    auto result = promise.get_future();
    loop(i).post([this, i, make = std::move(make), promise = std::move(promise)]() mutable {
      loop(i).spawn(fulfil<Value>(std::move(make), std::move(promise)));
    });
    return result;
  }
  template <class Make>
  auto await(unsigned i, Make make) {
    return start(i, std::move(make)).get();
  }

 private:
  template <class T>
  struct TaskValue;
  template <class T>
  struct TaskValue<Task<T>> {
    using type = T;
  };
  template <class Value>
  static Task<void> fulfil(std::move_only_function<Task<Value>()> make,
                           std::promise<Value> promise) {
    if constexpr (std::is_void_v<Value>) {
      co_await make();
      promise.set_value();
    } else {
      promise.set_value(co_await make());
    }
  }

  std::vector<std::unique_ptr<loop::EventLoop>> loops_;
  std::vector<std::thread> threads_;
};

[[nodiscard]] inline TimePoint in(Duration duration) { return Clock::now() + duration; }

// Runs `body` until `finish` (View::commit by default) commits it, as filters do.
inline Task<Commit> transact(View& view, std::function<Task<void>(Transaction&)> body,
                             std::function<Commit(Transaction&)> finish = {}) {
  const TimePoint deadline = in(std::chrono::seconds(60));
  Transaction transaction(view);
  std::optional<View::Turn> turn;
  for (int conflicts = 1;; ++conflicts) {
    co_await body(transaction);
    const Commit commit = finish ? finish(transaction) : view.commit(transaction);
    if (commit.status == CommitStatus::not_owner) {
      turn.reset();
      const auto owned = co_await view.ownership(deadline);
      if (!owned) co_return commit;
      transaction.restart();
      continue;
    }
    if (commit.status == CommitStatus::uncounted) {
      const auto counted = co_await view.counted(deadline);
      if (!counted && counted.error().kind != ErrorKind::lost) co_return commit;
      transaction.restart();
      --conflicts;
      continue;
    }
    if (commit.status != CommitStatus::conflict) co_return commit;
    if (!turn && (commit.turn_held || conflicts >= kConflictsBeforeTurn)) {
      auto granted = co_await view.turn(deadline);
      if (!granted && granted.error().kind != ErrorKind::lost) co_return commit;
      if (granted) turn.emplace(std::move(*granted));
    }
    transaction.restart();
  }
}

// A blind write. It conflicts only while another run has the turn.
inline Commit put(View& view, std::string_view key, std::string_view value) {
  Transaction transaction(view);
  transaction.put(key, value);
  return view.commit(transaction);
}

inline std::optional<std::string> get(View& view, std::string_view key) {
  Transaction transaction(view);
  const auto value = transaction.get(key);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

// Requires: few keys, or a prefix that was counted before.
inline std::uint64_t count(View& view, std::string_view prefix) {
  return Transaction(view).count(prefix);
}

inline Task<std::uint64_t> count_many(View& view, std::string prefix) {
  std::uint64_t count = 0;
  (void)co_await transact(view, [&](Transaction& t) -> Task<void> {
    count = t.count(prefix);
    co_return;
  });
  co_return count;
}

}  // namespace sluice::store
