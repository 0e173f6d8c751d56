// SPDX-License-Identifier: Apache-2.0
#include "backend/h2_channel.h"

#include <algorithm>
#include <utility>

namespace sluice::backend {

using http::h2::ErrorCode;

namespace {

constexpr std::size_t kUnchargedUnreadMax = 16 << 10;
constexpr std::size_t kShortBytesMax = 64 << 10;  // a whole response up to this is never refused
constexpr std::int32_t kWideWindowBytes = 256 << 10;

// Error codes by which a backend reports a bad or excessive request or connection. Node.js uses one
// for more than 128 fields, and many servers for requests that are cancelled soon. The gateway
// cannot verify the claim.
bool is_provoked(ErrorCode code) {
  switch (code) {
    case ErrorCode::no_error:
    case ErrorCode::internal_error:
    case ErrorCode::settings_timeout:
    case ErrorCode::refused_stream:
    case ErrorCode::cancel:
    case ErrorCode::connect_error:
      return false;
    default:
      return true;
  }
}

}  // namespace

H2Channel::H2Channel(std::shared_ptr<H2Connection> connection, Duration silence_max, bool kept)
    : connection_(std::move(connection)),
      silence_max_(silence_max),
      kept_(kept),
      changed_(connection_->loop()),
      taken_(connection_->loop()) {
  connection_->add(*this);
}

H2Channel::~H2Channel() {
  feeder_.reset();
  connection_->remove(*this, id_, silent_);
}

// --- The request

void H2Channel::open(const http::Request& request, const http::Destination& to) {
  id_ = connection_->session().open(*this, request, to, connection_->is_secure(),
                                    request.body.follows_head());
}

Task<Outcome<void>> H2Channel::start(http::Request& request, const http::Destination& to,
                                     bool keep_body, http::Response& response,
                                     http::InterimSink* interim) {
  response.clear();
  response_ = &response;
  head_method_ = request.method == "HEAD";
  started_at_ = active_at_ = loop::EventLoop::now();
  open(request, to);
  if (id_ == 0) {
    fate_ = Fate::unprocessed;
    why_ = "the connection takes no more requests";
    co_return std::unexpected(failure(Stage::head));
  }
  if (request.body.is_stream()) {
    feeder_ = feed(std::exchange(request.body, http::Body()));
    feeder_.start();
  } else {
    if (keep_body) kept_body_ = request.body.bytes();
    offered_ = keep_body ? std::string_view(kept_body_) : request.body.bytes();
    offered_all_ = true;
    if (request.body.trailers() != nullptr)
      request_trailers_ = std::make_unique<http::Headers>(*request.body.trailers());
  }
  connection_->pump();
  hand_on_interim(interim);
  bool waiting = !has_head_ && !closed_;
  while (waiting) {
    const bool in_time = co_await wait();
    if (!in_time) co_return std::unexpected(failure(Stage::head));
    hand_on_interim(interim);
    waiting = !has_head_ && !closed_ && !client_error_;
  }
  if (!has_head_ || client_error_) co_return std::unexpected(failure(Stage::head));
  co_return Outcome<void>();
}

// Moves the deadline by the time spent waiting for the client.
void H2Channel::wait_for_client(bool waits) {
  waits_for_client_ = waits;
  const TimePoint now = loop::EventLoop::now();
  if (waits) {
    client_since_ = now;
    return;
  }
  client_time_ += now - client_since_;
  if (deadline_ != TimePoint::max()) deadline_ += now - client_since_;
  heard();
  if (patient_) changed_.notify();
}

Duration H2Channel::client_time() const {
  return waits_for_client_ ? client_time_ + (loop::EventLoop::now() - client_since_) : client_time_;
}

Task<void> H2Channel::feed(http::Body body) {
  const auto length = body.length();
  std::uint64_t total = 0;
  while (!closed_ && !offered_all_) {
    wait_for_client(true);
    auto bytes = co_await body.reader()->read();
    wait_for_client(false);
    if (bytes) total += bytes->size();
    if (bytes && bytes->empty() && length && total < *length) {
      bytes = fail(ErrorKind::closed, "request body broke off");
    }
    if (bytes && length && total > *length) {
      bytes = fail(ErrorKind::invalid, "request body is too long");
    }
    if (!bytes) {
      client_error_ = std::move(bytes).error();
      changed_.notify();
      co_return;
    }
    offered_ = *bytes;
    offered_all_ = bytes->empty();
    if (offered_all_) request_trailers_ = body.reader()->take_trailers();
    if (closed_) co_return;
    connection_->session().resume(id_);
    connection_->pump();
    while (!offered_.empty() && !closed_) {
      (void)co_await taken_.wait(TimePoint::max());
    }
  }
}

std::string_view H2Channel::take(std::size_t size) {
  const std::string_view part = offered_.substr(0, size);
  offered_.remove_prefix(part.size());
  heard();
  if (offered_.empty()) taken_.notify();
  return part;
}

// --- The response

// Called from start(), because the sink must not run inside the session.
void H2Channel::on_interim() {
  heard();
  if (!http::is_passed_on_interim(response_->status)) return;
  interim_.emplace_back(response_->status, response_->headers);
  changed_.notify();
}

void H2Channel::hand_on_interim(http::InterimSink* interim) {
  for (const auto& [status, headers] : interim_) {
    if (interim != nullptr) interim->send_interim(status, headers);
  }
  interim_.clear();
}

void H2Channel::on_head(std::optional<std::uint64_t> length, bool ended) {
  heard();
  has_head_ = true;
  length_ = length;
  has_body_ = !ended && !head_method_;
  changed_.notify();
}

void H2Channel::on_data(std::string_view bytes) {
  heard();
  if (no_memory_) return;
  no_memory_ = !charge(incoming_.size() + bytes.size());
  if (no_memory_) {
    std::string().swap(incoming_);
  } else {
    incoming_.append(bytes);
  }
  changed_.notify();
}

// False if the memory budget is full. A short response is never refused.
bool H2Channel::charge(std::size_t bytes) {
  if (!memory_ || (!charge_ && bytes <= kUnchargedUnreadMax)) return true;
  if (!charge_) charge_.emplace(memory_);
  bytes = std::max(bytes + chunk_.size(), reserved_);
  if (length_ && *length_ <= kShortBytesMax) {
    charge_->set(bytes);
    return true;
  }
  return charge_->try_set_for_process(bytes);
}

// Widens the window of a client that reads, if memory suffices for the case that it stops.
void H2Channel::widen_window() {
  if (std::exchange(wide_, true) || (length_ && *length_ <= kShortBytesMax)) return;
  if (memory_) {
    if (!charge_) charge_.emplace(memory_);
    if (!charge_->try_set(kWideWindowBytes)) return;
    reserved_ = kWideWindowBytes;
  }
  connection_->session().widen(id_, kWideWindowBytes);
}

void H2Channel::on_trailers(std::unique_ptr<http::Headers> trailers) {
  trailers_ = std::move(trailers);
}

void H2Channel::on_end() {
  ended_ = true;
  changed_.notify();
}

void H2Channel::on_close(ErrorCode code) {
  id_ = 0;
  closed_ = true;
  left_upload_ = uploading();
  rejected_ = is_provoked(code);
  if (code == ErrorCode::refused_stream) {
    fate_ = Fate::unprocessed;
    connection_->note_refused();
  }
  why_ = "the backend ended the stream with code " + std::to_string(static_cast<unsigned>(code));
  changed_.notify();
  taken_.notify();
}

void H2Channel::on_connection_closed() {
  if (std::exchange(closed_, true)) return;
  id_ = 0;
  left_upload_ = uploading();
  rejected_ = is_provoked(connection_->session().goaway());
  why_ = connection_->reason();
  if (why_.empty()) why_ = "connection closed";
  if (kept_ && !has_head_) fate_ = Fate::unanswered;
  changed_.notify();
  taken_.notify();
}

// False at the deadline. While the gateway waits for the client, the backend may be silent.
Task<bool> H2Channel::wait() {
  while (true) {
    const TimePoint now = loop::EventLoop::now();
    TimePoint until = deadline_;
    patient_ = waits_for_client_;
    if (patient_) {
      until = TimePoint::max();
    } else if (silence_max_ < deadline_ - active_at_) {
      until = active_at_ + silence_max_;
    }
    if (now >= until) break;
    const bool notified = co_await changed_.wait(until);
    patient_ = false;
    if (notified) co_return true;
  }
  timed_out_ = true;
  silent_ = connection_->heard_at() <= started_at_;
  co_return false;
}

Task<Outcome<std::string_view>> H2Channel::read_body() {
  if (!chunk_.empty() && id_ != 0) {
    connection_->session().consume(id_, chunk_.size());
    widen_window();
    connection_->pump();
  }
  chunk_.clear();
  if (charge_) charge_->set(std::max(incoming_.size(), reserved_));
  // While the response was not read, the backend may have had to wait.
  active_at_ = std::max(active_at_, loop::EventLoop::now());
  while (true) {
    if (!incoming_.empty()) {
      chunk_.swap(incoming_);
      co_return std::string_view(chunk_);
    }
    if (ended_ && !no_memory_) co_return std::string_view();
    if (closed_ || client_error_ || no_memory_) co_return std::unexpected(failure(Stage::body));
    const bool in_time = co_await wait();
    if (!in_time) co_return std::unexpected(failure(Stage::body));
  }
}

Outcome<bool> H2Channel::take_ready(std::string& out) {
  if (no_memory_) return std::unexpected(failure(Stage::body));
  out.append(incoming_);
  if (!incoming_.empty() && id_ != 0) {
    connection_->session().consume(id_, incoming_.size());
    connection_->pump();
  }
  incoming_.clear();
  if (charge_) charge_->set(reserved_);
  return ended_;
}

Failure H2Channel::failure(Stage stage) {
  if (client_error_) return {Stage::request_body, *client_error_};
  if (no_memory_) return {stage, {ErrorKind::internal, "no memory for the response"}};
  if (timed_out_) return {stage, {ErrorKind::timed_out, "took too long"}};
  if (left_upload_) stage = Stage::upload;
  if (rejected_) stage = Stage::rejected;
  return {stage, {ErrorKind::closed, why_}};
}

}  // namespace sluice::backend
