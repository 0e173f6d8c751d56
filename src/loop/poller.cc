// SPDX-License-Identifier: Apache-2.0
#include "loop/poller.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace sluice::loop {

namespace {

// One turn of new work ends after this many watchers, or this much time. Then the loop runs its
// other work, and asks the kernel for descriptors that became ready meanwhile.
constexpr int kTurnMax = 64;
constexpr Duration kTurnTime = std::chrono::milliseconds(1);
// The batches, of the size of `events_`, that are taken from the kernel before any is worked on.
constexpr int kBatchesMax = 256;

constexpr std::uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

epoll_event event_of(Poller::Watcher& watcher) {
  epoll_event event{};
  event.events = kEvents;
  event.data.ptr = &watcher;
  return event;
}

Poller::Readiness readiness_of(std::uint32_t events) {
  const bool hung_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  return {.readable = hung_up || (events & EPOLLIN) != 0,
          .writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
          .hung_up = hung_up,
          .broken = (events & (EPOLLHUP | EPOLLERR)) != 0};
}

}  // namespace

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_.is_open()) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

bool Poller::add(int descriptor, Watcher& watcher) {
  epoll_event event = event_of(watcher);
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Poller::tell_again(int descriptor, Watcher& watcher) {
  epoll_event event = event_of(watcher);
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

// Closing is not enough: a child process may hold the descriptor for a moment.
void Poller::remove(int descriptor, Watcher& watcher) {
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  if (watcher.events_ != 0) queue_of(watcher).remove(watcher);
}

void Poller::WatcherQueue::push(Watcher& watcher) {
  watcher.older_ = newest_;
  watcher.newer_ = nullptr;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = &watcher;
  newest_ = &watcher;
}

void Poller::WatcherQueue::remove(Watcher& watcher) {
  (watcher.older_ != nullptr ? watcher.older_->newer_ : oldest_) = watcher.newer_;
  (watcher.newer_ != nullptr ? watcher.newer_->older_ : newest_) = watcher.older_;
  watcher.events_ = 0;
}

// New work that is left over goes on after the loop's other work.
void Poller::turn(bool may_sleep) {
  const TimePoint collected = collect(may_sleep && new_work_.empty());
  const bool is_late = collected == TimePoint() || !at_hand_.empty();
  while (!at_hand_.empty()) tell(at_hand_.oldest());
  if (!new_work_.empty()) serve_new_work(is_late ? Clock::now() : collected);
}

void Poller::serve_new_work(TimePoint now) {
  const TimePoint end = now + kTurnTime;
  for (int told = 0; told < kTurnMax && now < end; ++told) {
    const Turns::End which = next_end(now);
    tell(which == Turns::End::newest ? new_work_.newest() : new_work_.oldest());
    if (new_work_.empty()) return turns_.reset();
    const TimePoint begun = std::exchange(now, Clock::now());
    turns_.note(which, now - begun);
  }
}

Turns::End Poller::next_end(TimePoint now) const {
  const Watcher& oldest = new_work_.oldest();
  if (now - oldest.ready_since_ < oldest.patience_) return Turns::End::oldest;
  return turns_.next();
}

TimePoint Poller::collect(bool may_sleep) {
  constexpr int kEndless = -1;
  TimePoint now;
  for (int batch = 0; batch < kBatchesMax; ++batch) {
    const int timeout = may_sleep && batch == 0 ? kEndless : 0;
    const int count =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout);
    if (count <= 0) break;
    now = Clock::now();
    for (int i = 0; i < count; ++i)
      enqueue(*static_cast<Watcher*>(events_[i].data.ptr), events_[i].events, now);
    if (static_cast<std::size_t>(count) < events_.size()) break;
  }
  return now;
}

void Poller::enqueue(Watcher& watcher, std::uint32_t events, TimePoint now) {
  const bool waits = watcher.events_ != 0;
  watcher.events_ |= events;
  if (waits) return;
  watcher.ready_since_ = now;
  watcher.is_new_work_ = watcher.patience_ != Watcher::kAtHand;
  queue_of(watcher).push(watcher);
}

void Poller::tell(Watcher& watcher) {
  const Readiness readiness = readiness_of(watcher.events_);
  queue_of(watcher).remove(watcher);
  told_since_ = watcher.ready_since_;
  watcher.on_change(readiness);
  told_since_ = TimePoint::max();
}

}  // namespace sluice::loop
