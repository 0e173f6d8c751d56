// SPDX-License-Identifier: Apache-2.0
#include "admin/acceptor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace sluice::admin {
namespace {

constexpr auto kPauseWithoutResources = std::chrono::milliseconds(200);

}  // namespace

Acceptor::Acceptor(net::Listener listener, std::function<void(int)> serve, Logger logger)
    : listener_(std::move(listener)),
      serve_(std::move(serve)),
      logger_(std::move(logger)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  for (std::size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
  accepting_ = std::thread([this] { accept_all(); });
}

Acceptor::~Acceptor() {
  stopping_ = true;
  ::eventfd_write(wake_, 1);
  accepting_.join();
  {
    const MutexLock lock(mutex_);
    finished_ = true;
  }
  news_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  ::close(wake_);
}

bool Acceptor::wait_for_connection() const {
  std::array<pollfd, 2> sources{pollfd{listener_.descriptor(), POLLIN, 0},
                                pollfd{wake_, POLLIN, 0}};
  while (::poll(sources.data(), sources.size(), -1) < 0 && errno == EINTR) {
  }
  return !stopping_;
}

void Acceptor::accept_all() {
  while (wait_for_connection()) take_one();
}

void Acceptor::take_one() {
  const int connection =
      ::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (connection < 0) {
    const bool exhausted =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (!exhausted) return;  // the client has closed the connection already
    logger_.error("admin API: cannot accept connections: out of file descriptors or memory");
    std::this_thread::sleep_for(kPauseWithoutResources);
    return;
  }
  {
    const MutexLock lock(mutex_);
    if (waiting_.size() < kWaitingMax) {
      waiting_.push_back(connection);
      news_.notify_one();
      return;
    }
  }
  ::close(connection);
}

void Acceptor::work() {
  while (true) {
    int connection = -1;
    {
      const MutexLock lock(mutex_);
      while (!finished_ && waiting_.empty()) news_.wait(mutex_);
      if (waiting_.empty()) return;
      connection = waiting_.front();
      waiting_.pop_front();
    }
    serve_(connection);
  }
}

}  // namespace sluice::admin
