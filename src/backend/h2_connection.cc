// SPDX-License-Identifier: Apache-2.0
#include "backend/h2_connection.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace sluice::backend {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kWriteBytes = 64 * 1024;

}  // namespace

H2Connection::H2Connection(const loop::Core& core, std::unique_ptr<net::Stream> stream,
                           net::Endpoint endpoint, ConnectionGate::Pass pass,
                           std::shared_ptr<ConnectionGate> gate, H2Options options)
    : core_(core),
      pass_(std::move(pass)),
      gate_(std::move(gate)),
      endpoint_(std::move(endpoint)),
      stream_(std::move(stream)),
      options_(options),
      heard_at_(made_at_) {}

void H2Connection::start(OnReady on_ready) {
  on_ready_ = std::move(on_ready);
  settings_timer_ = {core_.loop, loop::EventLoop::now() + kSettingsPatience,
                     [weak = weak_from_this()] {
                       if (const auto self = weak.lock()) self->become_ready(true);
                     }};
  evictor_ = gate_->add_evictor(core_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->open_ || !self->exchanges_.empty()) return false;
    self->close();
    return true;
  });
  core_.loop.spawn(read_all(shared_from_this()));
  pump();
  rest();
}

bool H2Connection::accepts() const {
  if (!open_ || suspect_ || on_ready_ || !session_.accepts()) return false;
  return session_.streams() < refused_beyond_ || refused_until_ == TimePoint{} ||
         loop::EventLoop::now() >= refused_until_;
}

void H2Connection::become_ready(bool good) {
  settings_timer_.reset();
  if (OnReady on_ready = std::exchange(on_ready_, nullptr)) on_ready(good);
}

void H2Connection::note_refused() {
  refused_beyond_ = std::max<std::size_t>(session_.streams(), 1);
  refused_until_ = loop::EventLoop::now() + kRefusedFor;
}

Task<void> H2Connection::read_all(std::shared_ptr<H2Connection> self) {
  std::array<char, kReadBytes> buffer;
  while (self->open_) {
    const auto count = co_await self->stream_->read_some(buffer);
    if (!count || *count == 0) {
      self->reason_ = count ? "connection closed by the backend" : count.error().message;
      break;
    }
    self->heard_at_ = loop::EventLoop::now();
    self->session_.receive({buffer.data(), *count});
    self->pump();
    if (self->on_ready_ && self->session_.settled()) self->become_ready(true);
    self->gate_->notify(self->core_);  // the backend may allow more streams now
    if (self->session_.finished()) {
      self->reason_ = self->session_.failure();
      break;
    }
  }
  self->close();
}

void H2Connection::pump() {
  if (writing_ || !open_) return;
  session_.produce(out_, kWriteBytes);
  if (out_.empty()) return;
  writing_ = true;
  core_.loop.spawn(write_all(shared_from_this()));
}

// One write for the requests of this turn of the loop: they often come in bursts.
Task<void> H2Connection::write_all(std::shared_ptr<H2Connection> self) {
  co_await self->core_.loop.yield();
  std::string chunk;
  bool good = self->open_;
  if (good) self->session_.produce(self->out_, kWriteBytes);
  while (good && !self->out_.empty()) {
    chunk.clear();
    chunk.swap(self->out_);
    self->stream_->set_deadline(loop::EventLoop::now() + self->options_.silence_max);
    const auto written = co_await self->stream_->write_all(chunk);
    self->stream_->clear_deadline();
    good = written && self->open_;
    if (good) self->session_.produce(self->out_, kWriteBytes);
  }
  self->writing_ = false;
  if (!good) self->close();
}

void H2Connection::add(H2Exchange& exchange) {
  exchanges_.insert(&exchange);
  idle_timer_.reset();
}

// A backend that is silent on all streams may be gone, so no new exchange is risked on it.
void H2Connection::remove(H2Exchange& exchange, http::h2::StreamId id, bool silent) {
  exchanges_.erase(&exchange);
  suspect_ = suspect_ || silent;
  if (open_ && id != 0) {
    session_.forget(id);
    session_.reset(id, http::h2::ErrorCode::cancel);
    const bool spent = ++cancelled_ >= kCancelledMax;
    suspect_ = suspect_ || (spent && (exchanges_.empty() || gate_->has_room()));
    pump();
  }
  rest();
  gate_->notify(core_);
}

void H2Connection::retire() {
  suspect_ = true;
  rest();
}

void H2Connection::rest() {
  if (!open_ || !exchanges_.empty()) return;
  const bool wanted_elsewhere = !gate_->has_queue(core_.index) && gate_->others_wait(core_.index);
  const bool useless = suspect_ || session_.finished() || !session_.accepts();
  if (useless || wanted_elsewhere) {
    // From the loop, because an exchange may be about to be destroyed.
    core_.loop.post([self = shared_from_this()] {
      if (self->exchanges_.empty()) self->close();
    });
    return;
  }
  idle_timer_ = {core_.loop, loop::EventLoop::now() + options_.idle_for_max,
                 [weak = weak_from_this()] {
                   if (const auto self = weak.lock()) self->close();
                 }};
}

void H2Connection::close() {
  if (!std::exchange(open_, false)) return;
  idle_timer_.reset();
  evictor_.reset();
  stream_->close();
  const std::vector<H2Exchange*> exchanges(exchanges_.begin(), exchanges_.end());
  for (H2Exchange* exchange : exchanges) exchange->on_connection_closed();
  pass_ = {};
  become_ready(false);
}

}  // namespace sluice::backend
