// SPDX-License-Identifier: Apache-2.0
#include "etcd/grpc_connection.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace sluice::etcd {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kWriteBytes = 64 * 1024;
// The time for the reader after the writer has failed.
constexpr Duration kLastWords = std::chrono::milliseconds(100);

http::h2::ClientLimits limits() {
  http::h2::ClientLimits limits;
  limits.stream_window_bytes = kStreamWindowBytes;
  limits.connection_window_bytes = kConnectionWindowBytes;
  limits.concurrent_streams_max = kCallsMax;
  return limits;
}

}  // namespace

GrpcConnection::GrpcConnection(loop::EventLoop& loop, std::unique_ptr<net::Stream> stream,
                               PingTimes ping_times)
    : loop_(loop),
      on_core_(loop),
      stream_(std::move(stream)),
      ping_times_(ping_times),
      session_(limits()),
      settled_(loop) {}

Task<bool> GrpcConnection::start(TimePoint deadline) {
  loop_.spawn(read_all(shared_from_this()));
  pump();
  bool waiting = open_ && !session_.settled();
  while (waiting) {
    const bool in_time = co_await settled_.wait(deadline);
    if (!in_time) close("no answer: it speaks no HTTP/2, or it hangs");
    waiting = open_ && !session_.settled();
  }
  co_return open_;
}

Task<void> GrpcConnection::read_all(std::shared_ptr<GrpcConnection> self) {
  std::array<char, kReadBytes> buffer;
  std::string reason;
  ErrorKind kind = ErrorKind::unavailable;
  while (self->open_) {
    const auto count = co_await self->stream_->read_some(buffer);
    if (!count || *count == 0) {
      reason = count ? "connection closed by etcd" : count.error().message;
      if (!count) kind = count.error().kind;
      break;
    }
    self->heard_at_ = loop::EventLoop::now();
    self->pinged_ = self->last_chance_ = false;
    self->session_.receive({buffer.data(), *count});
    self->pump();
    if (self->session_.settled()) self->settled_.notify();
    if (self->session_.finished()) {
      reason = self->session_.failure();
      break;
    }
  }
  self->close(reason, kind);
}

void GrpcConnection::pump() {
  if (writing_ || !open_) return;
  session_.produce(out_, kWriteBytes);
  if (out_.empty()) return;
  writing_ = true;
  loop_.spawn(write_all(shared_from_this()));
}

// Has no deadline: the PINGs notice a peer that takes nothing.
Task<void> GrpcConnection::write_all(std::shared_ptr<GrpcConnection> self) {
  std::string chunk;
  bool good = true;
  while (good && !self->out_.empty()) {
    chunk.clear();
    chunk.swap(self->out_);
    const auto written = co_await self->stream_->write_all(chunk);
    good = written && self->open_;
    if (good) self->session_.produce(self->out_, kWriteBytes);
  }
  self->writing_ = false;
  if (good) co_return;
  // Perhaps etcd has said why: with TLS 1.3, it refuses a certificate after the handshake.
  co_await self->loop_.sleep_for(kLastWords);
  self->close("connection lost");
}

void GrpcConnection::add(CarriedCall& call) {
  on_core_.here();
  calls_.insert(&call);
  if (calls_.size() == 1) set_alarm();
}

void GrpcConnection::remove(CarriedCall& call, http::h2::StreamId id) {
  on_core_.here();
  calls_.erase(&call);
  if (open_ && id != 0) {
    session_.forget(id);
    session_.reset(id, http::h2::ErrorCode::cancel);
    pump();
  }
  if (calls_.empty()) alarm_.reset();
  end_if_unused();
}

void GrpcConnection::retire() {
  retired_ = true;
  end_if_unused();
}

void GrpcConnection::end_if_unused() {
  if (!open_ || !calls_.empty() || (!retired_ && session_.accepts())) return;
  // From the loop, because a call may be about to be destroyed.
  loop_.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->calls_.empty()) self->close("not used any more");
  });
}

void GrpcConnection::close(std::string_view reason, ErrorKind kind) {
  if (!std::exchange(open_, false)) return;
  kind_ = kind;
  reason_ = reason.empty() ? "connection closed" : reason;
  alarm_.reset();
  stream_->close();
  const std::vector<CarriedCall*> calls(calls_.begin(), calls_.end());
  for (CarriedCall* call : calls) call->on_lost();
  settled_.notify();
}

// --- Signs of life

void GrpcConnection::set_alarm() {
  TimePoint when = pinged_ ? pinged_at_ + ping_times_.max : heard_at_ + ping_times_.period;
  if (last_chance_) when = loop::EventLoop::now();
  alarm_ = {loop_, when, [weak = weak_from_this()] {
              if (const auto self = weak.lock()) self->check_life();
            }};
}

// A process that was stopped itself finds both its alarm and the bytes that arrived meanwhile.
void GrpcConnection::check_life() {
  const TimePoint now = loop::EventLoop::now();
  if (pinged_ && now >= pinged_at_ + ping_times_.max) {
    if (std::exchange(last_chance_, true)) {
      close(
          "no sign of life for " +
          format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(now - heard_at_)));
      return;
    }
  } else if (!pinged_ && now >= heard_at_ + ping_times_.period) {
    pinged_ = true;
    pinged_at_ = now;
    session_.ping();
    pump();
  }
  set_alarm();
}

}  // namespace sluice::etcd
