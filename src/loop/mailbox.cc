// SPDX-License-Identifier: Apache-2.0
#include "loop/mailbox.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

namespace sluice::loop {

Mailbox::Bell::Bell(Poller& its_poller)
    : poller(its_poller), descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!descriptor.is_open() || !poller.add(descriptor.get(), *this))
    throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::Bell::~Bell() { poller.remove(descriptor.get(), *this); }

// The count is never read: the poller reports each write.
void Mailbox::Bell::ring() const { (void)::eventfd_write(descriptor.get(), 1); }

Mailbox::Mailbox(Poller& poller) : bell_(poller) {}

Mailbox::~Mailbox() { drop(); }

void Mailbox::post(Work work) {
  {
    const MutexLock lock(mutex_);
    others_.push_back(std::move(work));
    posted_.store(true);
  }
  if (asleep_.load() && asleep_.exchange(false)) bell_.ring();
}

void Mailbox::take() {
  if (!posted_.load(std::memory_order_acquire)) return;
  const MutexLock lock(mutex_);
  posted_.store(false, std::memory_order_relaxed);
  queue_.insert(queue_.end(), std::make_move_iterator(others_.begin()),
                std::make_move_iterator(others_.end()));
  others_.clear();
}

void Mailbox::run(const bool& stopped) {
  take();
  for (std::size_t left = queue_.size(); left > 0 && !stopped; --left) {
    Work work = std::move(queue_.front());
    queue_.pop_front();
    work();
  }
}

void Mailbox::drop() {
  for (take(); !queue_.empty(); take()) {
    const Work doomed = std::move(queue_.front());
    queue_.pop_front();
  }
}

bool Mailbox::sleep() {
  if (!queue_.empty()) return false;
  asleep_.store(true);
  if (!posted_.load()) return true;
  wake();
  return false;
}

}  // namespace sluice::loop
