// SPDX-License-Identifier: Apache-2.0
#include "loop/poller.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <system_error>

namespace sluice::loop {

namespace asio = boost::asio;

namespace {

constexpr std::uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

epoll_event event_of(Poller::Watcher& watcher) {
  epoll_event event{};
  event.events = kEvents;
  event.data.ptr = &watcher;
  return event;
}

Poller::Change change_of(std::uint32_t events) {
  const bool hung_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  return {.readable = hung_up || (events & EPOLLIN) != 0,
          .writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
          .hung_up = hung_up,
          .broken = (events & (EPOLLHUP | EPOLLERR)) != 0};
}

}  // namespace

// One epoll within Asio's, which says when there is something in this one.
struct Poller::Alarm {
  explicit Alarm(asio::io_context& io, int epoll) : descriptor(io, epoll) {}
  asio::posix::stream_descriptor descriptor;
};

Poller::Poller(asio::io_context& io) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  alarm_ = std::make_unique<Alarm>(io, epoll_);
  wait();
}

Poller::~Poller() = default;

bool Poller::add(int descriptor, Watcher& watcher) {
  epoll_event event = event_of(watcher);
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Poller::tell_again(int descriptor, Watcher& watcher) {
  epoll_event event = event_of(watcher);
  (void)::epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
}

// Closing alone would not do: a child process may hold the descriptor for a moment.
void Poller::remove(int descriptor, Watcher& watcher) {
  (void)::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
  for (epoll_event& event : untold_) {
    if (event.data.ptr == &watcher) event.data.ptr = nullptr;
  }
}

void Poller::wait() {
  alarm_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                [this](const boost::system::error_code& error) {
                                  if (error) return;
                                  dispatch();
                                  wait();
                                });
}

// What does not fit into one batch is told after the loop's other work.
void Poller::dispatch() {
  const int count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), 0);
  untold_ = std::span(events_).first(static_cast<std::size_t>(std::max(count, 0)));
  while (!untold_.empty()) {
    const epoll_event event = untold_.front();
    untold_ = untold_.subspan(1);
    auto* watcher = static_cast<Watcher*>(event.data.ptr);
    if (watcher != nullptr) watcher->on_change(change_of(event.events));
  }
}

}  // namespace sluice::loop
