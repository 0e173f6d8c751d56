// SPDX-License-Identifier: Apache-2.0
#include "control/crew.h"

#include <system_error>
#include <utility>

namespace sluice::control {

Crew::Crew(std::size_t threads_max, StartThread start)
    : threads_max_(threads_max), start_(std::move(start)) {
  threads_.reserve(threads_max_);
  start_thread();
}

void Crew::start_thread() {
  const auto body = [this] { work_on(); };
  threads_.push_back(start_ ? start_(body) : std::thread(body));
}

bool Crew::run(std::function<void()> work) {
  const MutexLock lock(mutex_);
  if (stopping_) return false;
  waiting_.push_back(std::move(work));
  if (waiting_.size() > idle_ && threads_.size() < threads_max_) {
    try {
      start_thread();
    } catch (const std::system_error&) {
      // A limit of the system: the work waits for a thread that there is.
    }
  }
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
