// SPDX-License-Identifier: Apache-2.0
#include "wasm/pool.h"

#include <algorithm>

#include "base/assert.h"

namespace sluice::wasm {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(10);
constexpr Duration kLongestPause = std::chrono::seconds(5);

}  // namespace

// One that waits for an Instance.
struct Pool::Request : loop::WaitList::Wait {
  Request(Pool& its_pool, Queue& queue, TimePoint deadline)
      : Wait(queue, deadline), pool(its_pool) {
    const TimePoint now = Clock::now();
    half_time = now + (deadline - now) / 2;
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request() {
    if (granted) pool.release(std::move(granted));
  }
  Pool& pool;
  TimePoint half_time;
  std::unique_ptr<Instance> granted;  // since it was notified; null: none can be made
};

Pool::Pool(loop::EventLoop& loop, unsigned size, std::vector<std::unique_ptr<Instance>> ready,
           Create create, OnCreated on_created)
    : loop_(loop),
      on_core_(loop),
      size_(size),
      free_(std::move(ready)),
      create_(std::move(create)),
      on_created_(std::move(on_created)),
      alive_(static_cast<unsigned>(free_.size())),
      to_come_(size - std::min(size, alive_)),
      preferred_(loop),
      waiters_(loop) {
  // Not before the caller is complete, who hears of each.
  if (to_come_ > 0) make_missing_soon();
}

Pool::~Pool() = default;

Pool::Usage Pool::counts() const {
  return {alive_, static_cast<unsigned>(preferred_.size() + waiters_.size()), created_};
}

std::unique_ptr<Instance> Pool::take_free() {
  on_core_.here();
  if (free_.empty()) return nullptr;
  // The last one back has the warmest memory.
  std::unique_ptr<Instance> instance = std::move(free_.back());
  free_.pop_back();
  return instance;
}

void Pool::release(std::unique_ptr<Instance> instance) {
  on_core_.here();
  SLUICE_ASSERT(alive_ > 0, "an instance on loan is alive in the count");
  if (instance->busy()) instance->kill();
  instance->set_context(nullptr);
  const bool surplus = alive_ > size_ && preferred_.empty() && waiters_.empty();
  if (instance->alive() && !surplus) {
    hand_out(std::move(instance));
    return;
  }
  instance.reset();
  --alive_;
  make_missing();
  if (alive_ == 0 && creating_ == 0) fail_waiters();
}

void Pool::hand_out(std::unique_ptr<Instance> instance) {
  auto& queue = preferred_.empty() ? waiters_ : preferred_;
  if (queue.empty()) return free_.push_back(std::move(instance));
  const bool stands = Clock::now() >= queue.first()->half_time;
  Request& next = stands ? *queue.last() : *queue.first();
  next.granted = std::move(instance);
  // From the loop: whoever gives an Instance back goes on with its own work first.
  queue.notify(next);
}

void Pool::retire() {
  size_ = 1;
  to_come_ = 0;
  while (alive_ > size_ && take_free()) --alive_;
}

void Pool::make_missing_soon() {
  retry_ = loop::EventLoop::Timer(loop_, TimePoint{}, [this] { make_missing(); });
}

// The dead are replaced all at once. Those to come are made one after the other and one in a turn
// of the loop, for there may be many, and their wasm_init may compute for long.
void Pool::make_missing() {
  creations_.remove_if([](const Task<void>& task) { return task.done(); });
  if (pause_ == Duration{}) retry_.reset();
  while (alive_ + creating_ < size_ && !retry_.pending()) {
    if (to_come_ > 0 && creating_ > 0) return;
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
    const bool replacement = to_come_ == 0;
    replacement ? ++created_ : --to_come_;
    pause_ = {};
    on_created_({}, replacement);
    if (to_come_ > 0) make_missing_soon();
    release(std::move(*made));
    return;
  }
  pause_ = pause_ == Duration{} ? kFirstPause : std::min(pause_ * 2, kLongestPause);
  retry_ = loop::EventLoop::Timer(loop_, Clock::now() + pause_, [this] { make_missing(); });
  on_created_(std::unexpected(std::move(made).error()), to_come_ == 0);
  if (alive_ == 0 && creating_ == 0) fail_waiters();
}

void Pool::fail_waiters() {
  preferred_.notify_all();
  waiters_.notify_all();
}

Pool::Lease Pool::try_acquire() { return {*this, take_free()}; }

Task<Pool::Lease> Pool::acquire(TimePoint deadline, bool precedence) {
  if (Lease lease = try_acquire()) co_return lease;
  if (alive_ == 0 && creating_ == 0) co_return Lease();
  Request request(*this, precedence ? preferred_ : waiters_, deadline);
  co_await request;
  if (Clock::now() >= deadline) co_return Lease();
  co_return Lease(*this, std::move(request.granted));
}

}  // namespace sluice::wasm
