// SPDX-License-Identifier: Apache-2.0
#include "loop/blocking_pool.h"

#include <algorithm>

namespace sluice::loop {

BlockingPool::BlockingPool(unsigned threads) : threads_max_(std::clamp(threads, 1U, kThreadsMax)) {}

BlockingPool::~BlockingPool() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    queue_.clear();
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

BlockingPool::Waiting::Waiting(EventLoop& loop) : job_(std::make_shared<Job>()) {
  job_->done = std::make_shared<Event>(loop);
  const MutexLock lock(job_->mutex);
  job_->loop = &loop;
}

BlockingPool::Waiting::~Waiting() {
  const MutexLock lock(job_->mutex);
  job_->loop = nullptr;
}

bool BlockingPool::add(const std::shared_ptr<Job>& job, std::move_only_function<void()> work) {
  job->work = std::move(work);
  {
    const MutexLock lock(mutex_);
    if (queue_.size() >= kQueueMax || stopping_) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    queue_.push_back(job);
    if (idle_ < queue_.size() && threads_.size() < threads_max_)
      threads_.emplace_back([this] { serve(); });
  }
  changed_.notify_one();
  return true;
}

void BlockingPool::serve() {
  while (true) {
    std::shared_ptr<Job> job;
    {
      const MutexLock lock(mutex_);
      ++idle_;
      while (queue_.empty() && !stopping_) changed_.wait(mutex_);
      --idle_;
      if (stopping_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    {
      const MutexLock lock(job->mutex);
      if (job->loop == nullptr) continue;  // nobody waits for it
    }
    job->work();
    finish(job);
  }
}

// The loop lives at least as long as the Task, which cannot end while the lock is held.
void BlockingPool::finish(const std::shared_ptr<Job>& job) {
  job->work = nullptr;
  const MutexLock lock(job->mutex);
  if (job->loop != nullptr) job->loop->post([done = job->done] { done->notify_now(); });
}

}  // namespace sluice::loop
