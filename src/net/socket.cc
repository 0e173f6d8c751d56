// SPDX-License-Identifier: Apache-2.0
#include "net/socket.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>

namespace sluice::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using loop::EventLoop;

namespace {

// A peer that always has more to give must let the other work of the loop have its turn.
constexpr int kReadsAtOnceMax = 16;

std::unexpected<Error> failure(const error_code& error) {
  if (error == asio::error::operation_aborted) return fail(ErrorKind::closed, "connection closed");
  return fail(ErrorKind::closed, error.message());
}

std::unexpected<Error> deadline_passed() { return fail(ErrorKind::timed_out, "took too long"); }

}  // namespace

Socket::Socket(EventLoop& loop, tcp::socket socket) : loop_(loop), socket_(std::move(socket)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
}

bool Socket::refuse(Stream::Operation& operation) const {
  if (!socket_.is_open()) {
    operation.result = failure(asio::error::operation_aborted);
    return true;
  }
  if (expired_) operation.result = deadline_passed();
  return expired_;
}

bool Socket::start_read(std::span<char> buffer, Stream::Operation& operation) {
  if (refuse(operation)) return true;
  buffer_ = buffer;
  if (put_back_ && read_put_back(operation)) return true;
  const bool at_once = ended_ || (more_to_read_ && ++reads_at_once_ < kReadsAtOnceMax);
  if (at_once && read_now(operation)) return true;
  reads_at_once_ = 0;
  read_.operation = &operation;
  socket_.async_read_some(
      asio::buffer(buffer.data(), buffer.size()),
      asio::bind_cancellation_slot(read_.signal.slot(),
                                   [self = shared_from_this(), ticket = ++read_.ticket](
                                       const error_code& error, std::size_t count) {
                                     self->on_read(ticket, error, count);
                                   }));
  return false;
}

bool Socket::read_put_back(Stream::Operation& operation) {
  const std::size_t count = put_back_->copy(buffer_.data(), buffer_.size());
  put_back_->erase(0, count);
  if (put_back_->empty()) put_back_.reset();
  operation.result = count;
  return count > 0;
}

bool Socket::read_now(Stream::Operation& operation) {
  error_code error;
  const std::size_t count = socket_.receive(asio::buffer(buffer_.data(), buffer_.size()), 0, error);
  if (error == asio::error::would_block) return false;
  note_read(error, count, operation);
  return true;
}

void Socket::note_read(const error_code& error, std::size_t count, Stream::Operation& operation) {
  more_to_read_ = !error && count == buffer_.size();
  ended_ = ended_ || (error && error != asio::error::operation_aborted);
  if (!error) {
    operation.result = count;
  } else if (error == asio::error::eof) {
    operation.result = 0;
  } else {
    operation.result = failure(error);
  }
  if (parked_ && !error) watch();
}

void Socket::on_read(std::uint64_t ticket, const error_code& error, std::size_t count) {
  if (ticket != read_.ticket || read_.operation == nullptr) return;
  Stream::Operation* operation = read_.take();
  note_read(error, count, *operation);
  operation->finish();
  if (ended_) resolve_closed(true);
}

// The end was seen elsewhere: Asio would leave the pending read waiting.
void Socket::resolve_read() {
  if (read_.operation == nullptr) return;
  Stream::Operation* operation = read_.cancel();
  if (!read_now(*operation)) operation->result = 0;
  operation->finish();
}

bool Socket::start_write(std::string_view bytes, Stream::Operation& operation) {
  if (refuse(operation)) return true;
  unsent_ = bytes;
  if (send(operation)) return true;
  write_.operation = &operation;
  wait_writable();
  return false;
}

// True when all is sent, or nothing more can be.
bool Socket::send(Stream::Operation& operation) {
  while (!unsent_.empty()) {
    error_code error;
    const std::size_t count = socket_.send(asio::buffer(unsent_.data(), unsent_.size()), 0, error);
    if (error == asio::error::would_block) return false;
    if (error) {
      operation.result = failure(error);
      return true;
    }
    unsent_.remove_prefix(count);
  }
  operation.result = 0;
  return true;
}

void Socket::wait_writable() {
  socket_.async_wait(tcp::socket::wait_write,
                     asio::bind_cancellation_slot(
                         write_.signal.slot(),
                         [self = shared_from_this(), ticket = ++write_.ticket](
                             const error_code& error) { self->on_writable(ticket, error); }));
}

void Socket::on_writable(std::uint64_t ticket, const error_code& error) {
  if (ticket != write_.ticket || write_.operation == nullptr) return;
  if (error) {
    write_.operation->result = failure(error);
  } else if (!send(*write_.operation)) {
    return wait_writable();
  }
  write_.take()->finish();
}

bool Socket::start_closed(Stream::Operation& operation) {
  if (!socket_.is_open()) {
    operation.result = failure(asio::error::operation_aborted);
    return true;
  }
  if (ended_) {
    operation.result = 0;
    return true;
  }
  closed_.operation = &operation;
  watch();
  return false;
}

// A peek, because Asio gives it back without a system call when it is cancelled.
void Socket::watch() {
  parked_ = false;
  socket_.async_receive(
      asio::buffer(&peeked_, 1), tcp::socket::message_peek,
      asio::bind_cancellation_slot(
          closed_.signal.slot(),
          [self = shared_from_this(), ticket = ++closed_.ticket](
              const error_code& error, std::size_t) { self->on_watch(ticket, error); }));
}

void Socket::on_watch(std::uint64_t ticket, const error_code& error) {
  if (ticket != closed_.ticket || closed_.operation == nullptr) return;
  parked_ = !error;
  if (!error) return;
  ended_ = ended_ || error != asio::error::operation_aborted;
  resolve_closed(ended_);
  if (ended_) resolve_read();
}

void Socket::resolve_closed(bool by_peer) {
  if (closed_.operation == nullptr) return;
  Stream::Operation* operation = closed_.cancel();
  parked_ = false;
  operation->result = 0;
  if (!by_peer) operation->result = failure(asio::error::operation_aborted);
  operation->finish();
}

void Socket::cancel(Stream::Operation& operation) {
  for (Slot* slot : {&read_, &write_, &closed_}) {
    if (slot->operation == &operation) slot->cancel();
  }
  parked_ = parked_ && closed_.operation != nullptr;
}

void Socket::set_deadline(TimePoint when) {
  deadline_ = when;
  expired_ = false;
  if (when < timer_at_ && socket_.is_open()) arm(when);
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
  const auto self = shared_from_this();
  for (Slot* slot : {&read_, &write_}) {
    if (slot->operation == nullptr) continue;
    Stream::Operation* operation = slot->cancel();
    operation->result = deadline_passed();
    operation->finish();
  }
}

void Socket::close() {
  timer_.reset();
  timer_at_ = TimePoint::max();
  error_code ignored;
  socket_.close(ignored);
  if (!std::exchange(parked_, false)) return;
  asio::post(loop_.io(), [self = shared_from_this(), ticket = closed_.ticket] {
    if (ticket == self->closed_.ticket) self->resolve_closed(false);
  });
}

void Socket::shutdown_write() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Socket::abandon() {
  close();
  for (Slot* slot : {&read_, &write_, &closed_}) {
    if (Stream::Operation* operation = slot->take()) operation->abandon();
  }
}

}  // namespace sluice::net
