// SPDX-License-Identifier: Apache-2.0
#include "control/crew.h"

namespace sluice::control {

bool Crew::run(std::function<void()> work) {
  const MutexLock lock(mutex_);
  if (stopping_) return false;
  waiting_.push_back(std::move(work));
  if (waiting_.size() > idle_ && threads_.size() < threads_max_)
    threads_.emplace_back([this] { work_on(); });
  changed_.notify_one();
  return true;
}

void Crew::work_on() {
  while (const std::function<void()> work = next()) work();
}

std::function<void()> Crew::next() {
  const MutexLock lock(mutex_);
  ++idle_;
  while (!stopping_ && waiting_.empty()) changed_.wait(mutex_);
  --idle_;
  if (waiting_.empty()) return nullptr;
  std::function<void()> work = std::move(waiting_.front());
  waiting_.pop_front();
  return work;
}

void Crew::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace sluice::control
