// SPDX-License-Identifier: Apache-2.0
#include "server/h2_connection.h"

#include <algorithm>

#include "server/limits.h"

namespace sluice::server {

using http::h2::ErrorCode;

namespace {

constexpr http::h2::SessionLimits kLimits;
// Bounds the cost of an overdue deadline that expire() does not clear.
constexpr std::chrono::milliseconds kTimerPauseMin{10};

}  // namespace

H2Connection::H2Connection(ServerContext& server, Connections::Member& member, net::Stream& stream)
    : server_(server),
      member_(member),
      stream_(stream),
      context_(server, member, stream, *this, kLimits, [this] { on_timer(); }),
      input_size_(kIdleReadBytes),
      room_(context_.loop()),
      buffers_(*member.memory(), MemoryUse::connections),
      idle_since_(Clock::now()) {
  member_.add_state(kH2StateBytes);
  member_.set_retirable(this);
  member_.on_rest([this](Connections::Rest what) { rest(what); });
  member_.set_idle(true);
}

H2Connection::~H2Connection() {
  member_.on_rest(nullptr);
  member_.set_retirable(nullptr);
}

Task<void> H2Connection::serve(std::string received) {
  stream_.clear_deadline();  // the connection has a timer of its own
  writer_ = write_loop();
  receive(received);
  writer_.start();
  if (server_.leaving()) retire();
  watch(next_due());
  co_await read_loop();
  if (!streams_.empty() && close_by_ == TimePoint::max()) co_await finish_streams();
  writer_.reset();
  for (const auto& stream : streams_) stream->conclude();
  stream_.close();
}

// --- Input

Task<void> H2Connection::read_loop() {
  std::size_t last_read = 0;
  while (true) {
    size_input(last_read);
    stream_.set_patience(server_.overload().patience(context_.known()));
    const auto count = co_await stream_.read_into(*this);
    if (!count || *count == 0) co_return;
    last_read = *count;
    if (close_by_ != TimePoint::max()) {  // closing a socket with unread bytes resets it
      discarded_ += last_read;
      if (discarded_ > kLingerBytesMax) co_return;
      close_by_ = std::min(linger_until_, Clock::now() + kLingerTimeout);
      continue;
    }
    receive(std::string_view(input_).substr(0, last_read));
    // Back-pressure: stop reading while the client does not drain our output.
    while (close_by_ == TimePoint::max() && session().waiting_frames() > kWaitingFramesMax)
      co_await room_.wait();
  }
}

// The client has ended its side. Its complete requests are still answered. GOAWAY announces that no
// others will be; a client that has closed for good answers it with a reset.
Task<void> H2Connection::finish_streams() {
  if (!stream_.is_open()) co_return;
  for (const auto& stream : streams_) stream->on_input_end();
  retire_by_ = TimePoint::min();
  settle();
  reap();
  context_.flush();
  Task<void> watcher = watch_end();
  watcher.start();
  while (stream_.is_open() && !broken_ && !streams_.empty() && close_by_ == TimePoint::max())
    co_await room_.wait();
  watcher.reset();
  if (broken_ || !stream_.is_open()) co_return;
  while (close_by_ == TimePoint::max())  // until the last frames are written
    co_await room_.wait();
}

Task<void> H2Connection::watch_end() {
  broken_ = co_await stream_.broken();
  room_.notify();
}

void H2Connection::size_input(std::size_t last_read) {
  if (last_read == input_size_) input_size_ = kReadBytes;
  if (last_read < kIdleReadBytes && streams_.empty()) input_size_ = kIdleReadBytes;
  if (input_.size() > input_size_) std::string().swap(input_);  // an assignment would keep it
  buffers_.set(input_size_ + out_.capacity());
}

std::span<char> H2Connection::room() {
  if (input_.size() != input_size_) input_ = std::string(input_size_, '\0');
  return input_;
}

void H2Connection::receive(std::string_view bytes) {
  session().receive(bytes);
  note_head(Clock::now());
  settle();
  reap();
  context_.output().notify_now();
}

void H2Connection::note_head(TimePoint now) {
  if (session().open_head() == open_head_) return;
  open_head_ = session().open_head();
  head_since_ = now;
  if (open_head_ != 0) watch(now + spec().head_timeout);
}

http::h2::SessionStream& H2Connection::on_stream() {
  if (streams_.empty()) member_.set_idle(false);
  if (spare_.empty()) spare_.push_back(std::make_unique<H2Stream>(context_));
  streams_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  H2Stream& stream = *streams_.back();
  stream.position = streams_.size() - 1;
  stream.begin();
  return stream;
}

// --- The streams

// Requires: no call of the session or of a stream is in progress.
void H2Connection::settle() {
  auto& ready = context_.ready();
  // NOLINTNEXTLINE(modernize-loop-convert): the list may grow meanwhile
  for (std::size_t i = 0; i < ready.size(); ++i) ready[i]->advance();
  ready.clear();
  if (retiring_ && ponged_) retire_by_ = TimePoint::min();
  const bool one_only = !streams_.empty() && !spec().keep_alive;
  if (shut_down_ || (retire_by_ != TimePoint::min() && !one_only)) return;
  shut_down_ = true;
  session().shut_down();
}

void H2Connection::reap() {
  auto& closed = context_.closed();
  for (H2Stream* stream : closed) {
    stream->conclude();
    std::unique_ptr<H2Stream> owned = std::move(streams_[stream->position]);
    if (stream->position + 1 != streams_.size()) {
      streams_[stream->position] = std::move(streams_.back());
      streams_[stream->position]->position = stream->position;
    }
    streams_.pop_back();
    if (owned->clear()) spare_.push_back(std::move(owned));
  }
  if (closed.empty()) return;
  closed.clear();
  if (!streams_.empty()) return;
  room_.notify();
  idle_since_ = Clock::now();
  member_.set_idle(true);
  watch(idle_since_ + spec().keep_alive_timeout);
}

// A connection idle for long holds no memory of requests, and no generation of pipelines.
void H2Connection::rest(Connections::Rest what) {
  spare_ = decltype(spare_)();
  streams_.shrink_to_fit();
  context_.ready().shrink_to_fit();
  context_.closed().shrink_to_fit();
  std::string().swap(input_);
  buffers_.clear();
  stream_.rest();
  if (what == Connections::Rest::buffers) return;
  session().rest();
  rested_ = true;
}

// Rests again after a PING or a timer has made the session allocate memory.
void H2Connection::rest_again() {
  if (std::exchange(rested_, false) && streams_.empty()) member_.set_idle(true);
}

// --- Output

Task<void> H2Connection::write_loop() {
  bool going = true;
  while (going) {
    session().produce(out_, kWriteBytes);
    settle();
    rest_again();
    if (!out_.empty()) {
      going = co_await write();
      reap();
      room_.notify();
    } else if (session().finished()) {
      going = false;
    } else {
      reap();
      co_await context_.output().wait();
    }
  }
  end();
}

Task<bool> H2Connection::write() {
  write_by_ = Clock::now() + spec().write_timeout;
  watch(write_by_);
  buffers_.set(input_size_ + out_.capacity());
  const auto written = co_await stream_.write_all(out_);
  write_by_ = TimePoint::max();
  out_.clear();
  if (streams_.empty()) out_.shrink_to_fit();
  co_return written.has_value();
}

// The last bytes are written. The client gets a moment to read them.
void H2Connection::end() {
  if (const std::string_view error = session().protocol_error(); !error.empty()) {
    server_.connection_counts().h2_errors.add();
    server_.note_closed(http::Cause::http2_error, context_.peer().address, error);
  }
  linger_until_ = Clock::now() + kLingerTimeMax;
  close_by_ = Clock::now() + kLingerTimeout;
  watch(close_by_);
  stream_.shutdown_write();
  room_.notify();
}

// --- Time

void H2Connection::on_timer() {
  const TimePoint now = Clock::now();
  if (now >= close_by_ || now >= write_by_) return stream_.close();
  expire(now);
  settle();
  reap();
  context_.flush();
  watch(std::max(next_due(), now + kTimerPauseMin));
}

void H2Connection::expire(TimePoint now) {
  if (now >= head_due())
    session().fail(open_head_ < 0 ? ErrorCode::settings_timeout : ErrorCode::enhance_your_calm,
                   "timed out reading a head");
  if (now >= retire_by_) retire_by_ = TimePoint::min();
  if (streams_.empty() && now >= idle_since_ + spec().keep_alive_timeout)
    retire_by_ = TimePoint::min();
  for (const auto& stream : streams_) {
    if (now >= stream->due()) stream->expire();
  }
}

TimePoint H2Connection::head_due() const {
  const bool waiting = open_head_ != 0 && session().failure().empty();
  return waiting ? head_since_ + spec().head_timeout : TimePoint::max();
}

TimePoint H2Connection::next_due() const {
  TimePoint due = std::min(close_by_, shut_down_ ? TimePoint::max() : retire_by_);
  due = std::min(due, write_by_);
  due = std::min(due, head_due());
  if (streams_.empty() && !shut_down_) due = std::min(due, idle_since_ + spec().keep_alive_timeout);
  for (const auto& stream : streams_) due = std::min(due, stream->due());
  return due;
}

// RFC 9113 section 6.8: streams that the client opens before it reads the GOAWAY are served.
void H2Connection::retire() {
  if (std::exchange(retiring_, true) || shut_down_) return;
  ponged_ = false;
  session().announce_shutdown();
  session().ping();
  retire_by_ = Clock::now() + kGoawayGrace;
  watch(retire_by_);
  context_.flush();
}

Task<void> serve_h2(ServerContext& server, Connections::Member& member, net::Stream& stream,
                    std::string received) {
  H2Connection connection(server, member, stream);
  co_await connection.serve(std::move(received));
}

}  // namespace sluice::server
