// SPDX-License-Identifier: Apache-2.0
#include "wasm/pool.h"

#include <algorithm>

namespace sluice::wasm {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(10);
constexpr Duration kLongestPause = std::chrono::seconds(5);

}  // namespace

Pool::Pool(loop::EventLoop& loop, unsigned size, std::vector<std::unique_ptr<Instance>> ready,
           Create create, OnReplaced on_replaced)
    : loop_(loop),
      size_(size),
      free_(std::move(ready)),
      create_(std::move(create)),
      on_replaced_(std::move(on_replaced)),
      alive_(static_cast<unsigned>(free_.size())) {
  replace_the_dead();
}

Pool::~Pool() = default;

Pool::Counts Pool::counts() const {
  return {alive_, static_cast<unsigned>(preferred_.size() + waiters_.size()), created_};
}

std::unique_ptr<Instance> Pool::take_free() {
  if (free_.empty()) return nullptr;
  // The last one back has the warmest memory.
  std::unique_ptr<Instance> instance = std::move(free_.back());
  free_.pop_back();
  return instance;
}

void Pool::release(std::unique_ptr<Instance> instance) {
  if (instance->busy()) instance->kill();
  instance->set_context(nullptr);
  if (instance->alive()) {
    hand_out(std::move(instance));
    return;
  }
  instance.reset();
  --alive_;
  replace_the_dead();
  if (alive_ == 0 && creating_ == 0) fail_waiters();
}

void Pool::hand_out(std::unique_ptr<Instance> instance) {
  auto& queue = preferred_.empty() ? waiters_ : preferred_;
  if (queue.empty()) return free_.push_back(std::move(instance));
  const bool stands = Clock::now() >= queue.front()->half_time_;
  (stands ? queue.back() : queue.front())->wake(std::move(instance));
}

void Pool::replace_the_dead() {
  creations_.remove_if([](const Task<void>& task) { return task.done(); });
  while (alive_ + creating_ < size_ && !retry_.pending()) {
    ++creating_;
    creations_.push_back(create_one());
    creations_.back().start();  // most are done at once
  }
}

Task<void> Pool::create_one() { created(co_await create_()); }

void Pool::created(Result<std::unique_ptr<Instance>> made) {
  --creating_;
  if (made) {
    ++alive_;
    ++created_;
    pause_ = {};
    on_replaced_({});
    hand_out(std::move(*made));
    return;
  }
  pause_ = pause_ == Duration{} ? kFirstPause : std::min(pause_ * 2, kLongestPause);
  retry_ = loop::EventLoop::Timer(loop_, Clock::now() + pause_, [this] { replace_the_dead(); });
  on_replaced_(std::unexpected(std::move(made).error()));
  if (alive_ == 0 && creating_ == 0) fail_waiters();
}

void Pool::fail_waiters() {
  for (auto* queue : {&preferred_, &waiters_}) {
    while (!queue->empty()) queue->front()->wake(nullptr);
  }
}

bool Pool::Acquire::await_ready() {
  granted_ = pool_.take_free();
  return granted_ || (pool_.alive_ == 0 && pool_.creating_ == 0);
}

void Pool::Acquire::await_suspend(std::coroutine_handle<> handle) {
  handle_ = handle;
  const TimePoint now = Clock::now();
  half_time_ = now + (deadline_ - now) / 2;
  place_ = queue_.insert(queue_.end(), this);
  queued_ = true;
  timer_ = loop::EventLoop::Timer(pool_.loop_, deadline_, [this] { wake(nullptr); });
}

// Resumes from the loop: whoever gives an Instance back goes on with its own work first.
void Pool::Acquire::wake(std::unique_ptr<Instance> granted) {
  queue_.erase(place_);
  queued_ = false;
  granted_ = std::move(granted);
  timer_ = loop::EventLoop::Timer(pool_.loop_, TimePoint{}, [this] { handle_.resume(); });
}

Pool::Lease Pool::Acquire::await_resume() {
  const bool too_late = handle_ && Clock::now() >= deadline_;
  return granted_ && !too_late ? Lease(pool_, std::move(granted_)) : Lease();
}

Pool::Acquire::~Acquire() {
  if (queued_) queue_.erase(place_);
  if (granted_) pool_.release(std::move(granted_));
}

}  // namespace sluice::wasm
