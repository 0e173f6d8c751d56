// SPDX-License-Identifier: Apache-2.0
#include "loop/blocking_pool.h"

#include <algorithm>

namespace sluice::loop {

BlockingPool::BlockingPool(unsigned threads, AtEnd at_end)
    : threads_max_(std::clamp(threads, 1U, kThreadsMax)), at_end_(at_end) {}

BlockingPool::~BlockingPool() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(common_->mutex);
    common_->stopping = true;
    common_->queue.clear();
    threads.swap(threads_);
  }
  common_->changed.notify_all();
  for (std::thread& thread : threads) {
    if (at_end_ == AtEnd::wait) {
      thread.join();
    } else {
      thread.detach();
    }
  }
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
    const MutexLock lock(common_->mutex);
    if (common_->queue.size() >= kQueueMax || common_->stopping) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    common_->queue.push_back(job);
    if (common_->idle < common_->queue.size() && threads_.size() < threads_max_)
      threads_.emplace_back([common = common_] { serve(*common); });
  }
  common_->changed.notify_one();
  return true;
}

void BlockingPool::serve(Common& common) {
  while (true) {
    std::shared_ptr<Job> job;
    {
      const MutexLock lock(common.mutex);
      ++common.idle;
      while (common.queue.empty() && !common.stopping) common.changed.wait(common.mutex);
      --common.idle;
      if (common.stopping) return;
      job = std::move(common.queue.front());
      common.queue.pop_front();
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
