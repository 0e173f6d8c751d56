// SPDX-License-Identifier: Apache-2.0
#include "wasm/ticker.h"

#include <chrono>

namespace sluice::wasm {
namespace {

constexpr std::chrono::milliseconds kFast{1};
constexpr std::chrono::milliseconds kSlow{100};
constexpr int kFastTicksUnused = 128;  // so many before it slows down

}  // namespace

Ticker::Ticker(std::function<void()> tick) : tick_(std::move(tick)), thread_([this] { run(); }) {}

Ticker::~Ticker() {
  {
    const MutexLock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Ticker::wake() {
  {
    const MutexLock lock(mutex_);
    used_.store(true, std::memory_order_relaxed);
  }
  changed_.notify_all();
}

void Ticker::wait(std::chrono::milliseconds time, bool until_used) {
  const auto end = std::chrono::steady_clock::now() + time;
  const MutexLock lock(mutex_);
  while (!stop_ && !(until_used && used_.load(std::memory_order_relaxed))) {
    if (!changed_.wait_until(mutex_, end)) return;
  }
}

bool Ticker::stopped() {
  const MutexLock lock(mutex_);
  return stop_;
}

void Ticker::run() {
  bool fast = false;
  for (int ticks = 0; !stopped(); ++ticks) {
    wait(fast ? kFast : kSlow, !fast);
    tick_();
    if (fast && ticks < kFastTicksUnused) continue;
    fast = used_.exchange(false, std::memory_order_relaxed);
    ticks = 0;
  }
}

}  // namespace sluice::wasm
