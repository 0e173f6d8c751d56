// SPDX-License-Identifier: Apache-2.0
// BlockingPool: does on a few threads what would block a core: reading files, hashing passwords.
// Every core may give it work.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "loop/event.h"
#include "loop/event_loop.h"
#include "loop/task.h"

namespace sluice::loop {

namespace detail {
template <class T>
struct AsResult {
  using type = Result<T>;
};
template <class T>
struct AsResult<Result<T>> {
  using type = Result<T>;
};
}  // namespace detail

// Result<T> for work that returns T or Result<T>.
template <class Work>
using ResultOfWork = typename detail::AsResult<std::invoke_result_t<Work&>>::type;

class BlockingPool {
 public:
  // The work that waits for a thread. More is refused.
  static constexpr std::size_t kQueueMax = 1024;
  static constexpr unsigned kThreadsMax = 4;

  // How the pool ends while work is in progress.
  enum class AtEnd : std::uint8_t {
    wait,   // the pool ends after it
    leave,  // it ends alone, on a thread that nobody waits for. It uses nothing that the process
            // destroys at its end
  };
  // At most kThreadsMax threads, and at least one. Each starts when it is needed.
  explicit BlockingPool(unsigned threads, AtEnd at_end = AtEnd::wait);
  // Drops the work that waits: its Tasks are not resumed.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // Calls work() on a thread of the pool, and resumes on `loop` with its result. If the Task is
  // destroyed, the work ends alone or is never begun, so it owns everything that it uses. Error
  // `unavailable`: the queue is full. Requires: work() returns a value and does not throw. The
  // thread of `loop`.
  template <class Work>
  Task<ResultOfWork<Work>> run(EventLoop& loop, Work work) {
    struct Shared {
      explicit Shared(Work its_work) : work(std::move(its_work)) {}
      Work work;
      std::optional<std::invoke_result_t<Work&>> value{};
    };
    const auto shared = std::make_shared<Shared>(std::move(work));
    Waiting waiting(loop);
    const bool queued = add(waiting.job(), [shared] { shared->value.emplace(shared->work()); });
    if (!queued)
      co_return fail(ErrorKind::unavailable, "too much work waits for a thread that may block");
    (void)co_await waiting.done();
    co_return std::move(*shared->value);
  }

  // The work that was refused. Any thread.
  [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  // One piece of work, as its thread and its core share it.
  struct Job {
    Mutex mutex;
    EventLoop* loop SLUICE_GUARDED_BY(mutex) = nullptr;  // null: its Task is gone
    std::shared_ptr<Event> done{};                       // of the core
    std::move_only_function<void()> work{};              // of the thread
  };

  // The side of the core. It lives in the frame of the Task, so it ends before the loop does.
  class Waiting {
   public:
    explicit Waiting(EventLoop& loop);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    [[nodiscard]] const std::shared_ptr<Job>& job() const { return job_; }
    [[nodiscard]] Event::Wait done() { return job_->done->wait(); }

   private:
    std::shared_ptr<Job> job_;
  };

  // The state that the threads share. It outlives the pool as long as a thread works.
  struct Common {
    Mutex mutex;
    Condition changed;
    std::deque<std::shared_ptr<Job>> queue SLUICE_GUARDED_BY(mutex);
    unsigned idle SLUICE_GUARDED_BY(mutex) = 0;
    bool stopping SLUICE_GUARDED_BY(mutex) = false;
  };

  [[nodiscard]] bool add(const std::shared_ptr<Job>& job, std::move_only_function<void()> work);
  static void serve(Common& common);
  static void finish(const std::shared_ptr<Job>& job);

  const unsigned threads_max_;
  const AtEnd at_end_;
  std::atomic<std::uint64_t> refused_{0};
  const std::shared_ptr<Common> common_ = std::make_shared<Common>();
  std::vector<std::thread> threads_ SLUICE_GUARDED_BY(common_->mutex);
};

}  // namespace sluice::loop
