// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/readiness.h"

#include <utility>

namespace sluice::server_program {

Readiness::Readiness(std::shared_ptr<admin::Health> health, server::Workers& workers)
    : health_(std::move(health)), workers_(workers), thread_([this] { look(); }) {}

Readiness::~Readiness() {
  end();
  thread_.join();
}

void Readiness::end() {
  health_->drain();
  const MutexLock hold(mutex_);
  ended_ = true;
  workers_.set_ready(false);
  changed_.notify_all();
}

void Readiness::look() {
  while (true) {
    const bool ready = health_->ready();
    const MutexLock hold(mutex_);
    if (ended_) return;
    workers_.set_ready(ready);
    (void)changed_.wait_until(mutex_, Clock::now() + kLook);
    if (ended_) return;
  }
}

}  // namespace sluice::server_program
