// SPDX-License-Identifier: Apache-2.0
#include "net/socket.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.h"
#include "net/errno_text.h"
#include "net/failures.h"

namespace sluice::net {

using loop::EventLoop;

namespace {

// Bounds the reads in a row, so that a peer that sends without a pause does not starve the loop.
constexpr int kReadsAtOnceMax = 16;
// Likewise for a peer that takes a file as fast as it is sent.
constexpr std::size_t kFileBytesAtOnceMax = std::size_t{1} << 20;
// The unsent bytes of a file that the kernel keeps for a peer that has taken as many before.
constexpr std::size_t kUnsentFileBytesMax = std::size_t{1} << 20;

std::unexpected<Error> disconnected(int error) {
  return fail(ErrorKind::closed, errno_text(error));
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

// Detects that the Socket was destroyed: finishing an operation resumes its coroutine, which may
// destroy it.
class Socket::Guard {
 public:
  explicit Guard(Socket& socket) : socket_(&socket), outer_(socket.guard_) { socket.guard_ = this; }
  ~Guard() {
    if (alive()) socket_->guard_ = outer_;
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  [[nodiscard]] bool alive() const { return socket_ != nullptr; }
  // The Socket is being destroyed.
  void note() {
    socket_ = nullptr;
    if (outer_ != nullptr) outer_->note();
  }

 private:
  Socket* socket_;
  Guard* outer_;
};

static_assert(Stream::kAtHand == loop::Poller::Watcher::kAtHand);

Socket::Socket(EventLoop& loop, int descriptor)
    : loop_(loop), on_core_(loop), descriptor_(descriptor) {
  if (!loop_.poller().add(descriptor_.get(), *this)) close();
}

Socket::~Socket() {
  for (Pending* slot : {&read_, &write_, &closed_}) {
    if (*slot != nullptr) std::exchange(*slot, nullptr)->abandon();
  }
  close();
  if (afterwards_) *afterwards_ = nullptr;
  if (guard_ != nullptr) guard_->note();
}

bool Socket::refuse(Stream::Operation& operation) const {
  if (!is_open()) {
    operation.result = connection_closed();
    return true;
  }
  if (expired_) operation.result = deadline_passed();
  return expired_;
}

bool Socket::start_read(std::span<char> buffer, Stream::Operation& operation) {
  on_core_.here();
  SLUICE_DEBUG_ASSERT(read_ == nullptr, "one read is pending at a time");
  if (refuse(operation)) return true;
  buffer_ = buffer;
  if (put_back_ && read_put_back(operation)) return true;
  if (readable_) {
    if (++reads_at_once_ < kReadsAtOnceMax) {
      if (read(operation)) return true;
    } else {
      loop_.poller().tell_again(descriptor_.get(), *this);
    }
  }
  reads_at_once_ = 0;
  read_ = &operation;
  return false;
}

bool Socket::read_put_back(Stream::Operation& operation) {
  const std::span<char> buffer = operation.target(buffer_);
  const std::size_t count = put_back_->copy(buffer.data(), buffer.size());
  put_back_->erase(0, count);
  if (put_back_->empty()) put_back_.reset();
  operation.result = count;
  return count > 0;
}

// Returns true if there is a result. A short read has emptied the socket (epoll(7)), except for the
// end of the stream, which the same event may have announced.
bool Socket::read(Stream::Operation& operation) {
  const std::span<char> buffer = operation.target(buffer_);
  const ssize_t count = ::recv(descriptor_.get(), buffer.data(), buffer.size(), 0);
  if (count < 0 && would_block(errno)) {
    readable_ = false;
    return false;
  }
  ended_ = count <= 0;
  broken_ |= count < 0;
  if (count < 0) {
    operation.result = disconnected(errno);
  } else {
    const auto size = static_cast<std::size_t>(count);
    operation.result = size;
    readable_ = hung_up_ || size == buffer.size();
  }
  // A pending closed() may have been blocked by the bytes just read.
  if (closed_ != nullptr && hung_up_) loop_.poller().tell_again(descriptor_.get(), *this);
  return true;
}

void Socket::finish_read() {
  if (read(*read_)) std::exchange(read_, nullptr)->finish();
}

bool Socket::start_write(std::string_view bytes, Stream::Operation& operation) {
  on_core_.here();
  SLUICE_DEBUG_ASSERT(write_ == nullptr, "one write is pending at a time");
  if (refuse(operation)) return true;
  unsent_ = bytes;
  awaits_room_ = false;
  file_bytes_at_once_ = 0;
  bound_unsent(kUnsentBytesMax);
  if (send(operation)) return true;
  write_ = &operation;
  return false;
}

// Returns true if all bytes are sent, or no more can be.
bool Socket::send(Stream::Operation& operation) {
  while (!unsent_.empty()) {
    const ssize_t count = ::send(descriptor_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0 && would_block(errno)) return false;
    if (count < 0) {
      operation.result = disconnected(errno);
      return true;
    }
    unsent_.remove_prefix(static_cast<std::size_t>(count));
  }
  operation.result = 0;
  return true;
}

// Whether the file's bytes are still in memory may change while the peer takes none, so the wait
// ends without another attempt.
bool Socket::start_write_file(const FileTaker::Write& write, Stream::Operation& operation) {
  on_core_.here();
  SLUICE_DEBUG_ASSERT(write_ == nullptr, "one write is pending at a time");
  if (refuse(operation)) return true;
  if (!write.head.empty()) file_bytes_at_once_ = 0;
  if (file_bytes_at_once_ < kFileBytesAtOnceMax) {
    if (send_file(write, operation)) return true;
    show_progress();
  } else {
    loop_.poller().tell_again(descriptor_.get(), *this);
  }
  file_bytes_at_once_ = 0;
  awaits_room_ = true;
  write_ = &operation;
  return false;
}

void Socket::bound_unsent(int bytes) {
  if (bytes == unsent_max_) return;
  unsent_max_ = bytes;
  ::setsockopt(descriptor_.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

// The socket becomes writable when the peer has taken half of kUnsentBytesMax, however much of a
// file is unsent: its deadline is one for each such part.
void Socket::show_progress() {
  int unsent = 0;
  if (::ioctl(descriptor_.get(), SIOCOUTQNSD, &unsent) != 0) unsent = 0;
  bound_unsent(std::max(2 * unsent - kUnsentBytesMax, kUnsentBytesMax));
}

// Returns false if the peer takes nothing now.
bool Socket::send_file(const FileTaker::Write& write, Stream::Operation& operation) {
  std::size_t sent = 0;
  constexpr std::size_t kUnsentMin = kUnsentBytesMax;
  bound_unsent(static_cast<int>(std::clamp(file_bytes_, kUnsentMin, kUnsentFileBytesMax)));
  if (!write.head.empty()) {
    const ssize_t count =
        ::send(descriptor_.get(), write.head.data(), write.head.size(), MSG_NOSIGNAL | MSG_MORE);
    if (count < 0 && would_block(errno)) return false;
    if (count < 0) {
      operation.result = disconnected(errno);
      return true;
    }
    sent = static_cast<std::size_t>(count);
  }
  if (sent == write.head.size()) {
    auto offset = static_cast<off_t>(write.offset);
    const ssize_t count = ::sendfile(descriptor_.get(), write.file, &offset, write.size);
    if (count > 0) sent += static_cast<std::size_t>(count);
    if (count < 0 && sent == 0) {
      if (would_block(errno)) return false;
      operation.result = fail(ErrorKind::internal, errno_text(errno));
      return true;
    }
  }
  file_bytes_at_once_ += sent;
  file_bytes_ += sent;
  operation.result = sent;
  return true;
}

void Socket::finish_write() {
  if (awaits_room_) write_->result = 0;
  if (awaits_room_ || send(*write_)) std::exchange(write_, nullptr)->finish();
}

bool Socket::start_closed(Stream::Operation& operation, bool whole) {
  on_core_.here();
  SLUICE_DEBUG_ASSERT(closed_ == nullptr || closed_ == &operation,
                      "one closed() or broken() is pending at a time");
  if (!is_open()) {
    operation.result = connection_closed();
    return true;
  }
  closed_ = &operation;
  closed_whole_ = whole;
  if (!is_closed()) return false;
  closed_ = nullptr;
  operation.result = 0;
  return true;
}

// Returns whether the pending closed() or broken() is done.
bool Socket::is_closed() const {
  if (broken_) return true;
  if (closed_whole_ || (!hung_up_ && !ended_)) return false;
  // Not yet, if unread bytes precede the end.
  char next = 0;
  return ended_ || ::recv(descriptor_.get(), &next, 1, MSG_PEEK) <= 0;
}

void Socket::check_closed() {
  if (closed_ == nullptr) return;
  Stream::Operation& operation = *closed_;
  if (start_closed(operation, closed_whole_)) operation.finish();
}

void Socket::on_change(loop::Poller::Readiness readiness) {
  const Guard guard(*this);
  readable_ |= readiness.readable;
  hung_up_ |= readiness.hung_up;
  broken_ |= readiness.broken;
  if (readiness.readable && read_ != nullptr) finish_read();
  if (guard.alive() && readiness.writable && write_ != nullptr) finish_write();
  if (guard.alive() && hung_up_) check_closed();
}

void Socket::cancel(Stream::Operation& operation) {
  on_core_.here();
  for (Pending* slot : {&read_, &write_, &closed_}) {
    if (*slot == &operation) *slot = nullptr;
  }
}

void Socket::set_deadline(TimePoint when) {
  on_core_.here();
  deadline_ = when;
  expired_ = false;
  if (when < timer_at_ && is_open()) arm(when);
}

void Socket::arm(TimePoint when) {
  timer_at_ = when;
  timer_ = EventLoop::Timer(loop_, when, [this] { on_timer(); });
}

void Socket::on_timer() {
  timer_at_ = TimePoint::max();
  if (deadline_ == TimePoint::max()) return;
  if (EventLoop::now() < deadline_) return arm(deadline_);
  expired_ = true;
  const Guard guard(*this);
  for (Pending* slot : {&read_, &write_}) {
    if (!guard.alive()) return;
    if (*slot == nullptr) continue;
    (*slot)->result = deadline_passed();
    std::exchange(*slot, nullptr)->finish();
  }
}

void Socket::close() {
  on_core_.here();
  if (!is_open()) return;
  timer_.reset();
  timer_at_ = TimePoint::max();
  loop_.poller().remove(descriptor_.get(), *this);
  descriptor_.reset();
  if (read_ == nullptr && write_ == nullptr && closed_ == nullptr) return;
  afterwards_ = std::make_shared<Socket*>(this);
  loop_.post([socket = afterwards_] {
    if (*socket != nullptr) (*socket)->end_pending(connection_closed());
  });
}

void Socket::end_pending(const Result<std::size_t>& result) {
  const Guard guard(*this);
  for (Pending* slot : {&read_, &write_, &closed_}) {
    if (!guard.alive()) return;
    if (*slot == nullptr) continue;
    (*slot)->result = result;
    std::exchange(*slot, nullptr)->finish();
  }
}

void Socket::shutdown_write() {
  on_core_.here();
  if (is_open()) (void)::shutdown(descriptor_.get(), SHUT_WR);
}

}  // namespace sluice::net
