// SPDX-License-Identifier: Apache-2.0
#include "backend/h1_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/deadline.h"
#include "http/h1/serializer.h"

namespace sluice::backend {

using http::h1::ParseState;

namespace {

constexpr std::size_t kInBytes = 16 * 1024;
// A body up to this size is written together with its head, before the response is read.
constexpr std::size_t kWholeBytesMax = 64 * 1024;
constexpr Duration kKeepAliveMargin = std::chrono::seconds(1);

}  // namespace

H1Connection::H1Connection(std::unique_ptr<net::Stream> stream, Duration silence_max,
                           net::Endpoint endpoint, ConnectionGate::Pass pass)
    : pass_(std::move(pass)),
      endpoint_(std::move(endpoint)),
      stream_(std::move(stream)),
      in_(kInBytes),
      silence_max_(silence_max) {}

void H1Connection::set_deadline(TimePoint when) {
  deadline_ = when;
  listen();
}

// Neither the client's silence nor the time that the gateway takes to read the response counts as
// the backend's. Meanwhile the backend may have to stop reading the request.
void H1Connection::listen() {
  if (waits_for_client_ || unread_response_) return stream_->clear_deadline();
  const TimePoint now = deadline_after(Duration::zero());
  const bool unlimited = silence_max_ >= deadline_ - now;
  stream_->set_deadline(unlimited ? deadline_ : now + silence_max_);
}

void H1Connection::wait_for_client(bool waits) {
  waits_for_client_ = waits;
  const TimePoint now = Clock::now();
  if (waits) {
    client_since_ = now;
  } else {
    client_time_ += now - client_since_;
    if (deadline_ != TimePoint::max()) deadline_ += now - client_since_;
  }
  listen();
}

Duration H1Connection::client_time() const {
  const bool waits = waits_for_client_ && !upgrading_;
  return waits ? client_time_ + (Clock::now() - client_since_) : client_time_;
}

bool H1Connection::reusable() const {
  return finished_ && sent_ && !ended_ && begin_ == end_ && parser_.keep_alive() &&
         parser_.kept_for().max.value_or(1) > 0;
}

Duration H1Connection::reusable_for() const {
  const auto timeout = parser_.kept_for().timeout;
  if (!timeout) return Duration::max();
  const Duration told = std::chrono::seconds(*timeout);
  return told - std::min<Duration>(told / 2, kKeepAliveMargin);
}

Failure H1Connection::failure(Stage stage, Error error) {
  if (client_error_) return {Stage::request_body, *client_error_};
  const bool uploading = sender_.valid() && !sent_ && !upgrading_;
  const bool upload = uploading && error.kind == ErrorKind::closed;
  return {upload ? Stage::upload : stage, std::move(error)};
}

Task<Outcome<void>> H1Connection::start(http::Request& request, const http::Destination& to,
                                        bool keep_body, http::Response& response,
                                        http::InterimSink* interim) {
  sender_.reset();
  client_error_.reset();
  answered_ = finished_ = sent_ = waits_for_client_ = unread_response_ = false;
  client_time_ = {};
  parser_.start(response, request.method, interim);
  auto sent = co_await send(request, to, keep_body);
  // A backend may answer and close before it has read the whole request, so read that answer.
  auto read = co_await read_head(response);
  if (!read && !sent && !answered_) co_return std::unexpected(std::move(sent).error());
  co_return read;
}

void H1Connection::append_head(const http::Request& request, const http::Destination& to) {
  out_.clear();
  // Only chunks can have trailers (RFC 9112 section 7.1.2).
  const bool chunked = request.body.trailers() != nullptr;
  http::h1::append_request_head(out_, request, chunked ? std::nullopt : request.body.length(), to);
}

Task<Outcome<void>> H1Connection::send(http::Request& request, const http::Destination& to,
                                       bool keep_body) {
  append_head(request, to);
  upgrading_ = request.upgraded != nullptr;
  if (upgrading_) {
    sender_ = send_upgraded(out_, request.upgraded);
    sender_.start();
    co_return Outcome<void>();
  }
  if (request.body.is_stream()) {
    sender_ = send_stream(out_, std::exchange(request.body, http::Body()));
    sender_.start();
    co_return Outcome<void>();
  }
  const std::string_view body = request.body.bytes();
  std::string tail;
  if (request.body.trailers() != nullptr) {
    if (!body.empty()) {
      http::h1::append_chunk_size(out_, body.size());
      tail = "\r\n";
    }
    http::h1::append_last_chunk(tail, request.body.trailers());
  }
  if (body.size() > kWholeBytesMax) {
    std::string kept(keep_body ? body : std::string_view());
    sender_ = send_whole(out_, std::move(kept), body, std::move(tail));
    sender_.start();
    co_return Outcome<void>();
  }
  out_.append(body).append(tail);
  auto written = co_await stream_->write_all(out_);
  sent_ = written.has_value();
  if (!written) co_return std::unexpected(failure(Stage::head, std::move(written).error()));
  co_return Outcome<void>();
}

Task<void> H1Connection::send_whole(std::string head, std::string kept, std::string_view body,
                                    std::string tail) {
  if (!kept.empty()) body = kept;
  const auto head_written = co_await stream_->write_all(head);
  bool good = head_written.has_value();
  while (good && !body.empty()) {
    const std::string_view part = body.substr(0, kWholeBytesMax);
    const auto written = co_await stream_->write_all(part);
    good = written.has_value();
    body.remove_prefix(part.size());
    listen();
  }
  if (good && !tail.empty()) {
    const auto written = co_await stream_->write_all(tail);
    good = written.has_value();
  }
  sent_ = good;
}

// The reader yields no bytes before the backend has said 101. After any other answer the connection
// is not reused, because the reader may have taken bytes.
Task<void> H1Connection::send_upgraded(std::string head, std::shared_ptr<http::BodyReader> reader) {
  const auto head_written = co_await stream_->write_all(head);
  if (!head_written) co_return;
  while (true) {
    const auto bytes = co_await reader->read();
    if (!bytes) {
      stream_->close();
      co_return;
    }
    if (bytes->empty()) {
      stream_->shutdown_write();
      co_return;
    }
    const auto written = co_await stream_->write_all(*bytes);
    if (!written) co_return;
  }
}

Task<void> H1Connection::send_stream(std::string head, http::Body body) {
  const auto head_written = co_await stream_->write_all(head);
  if (!head_written) co_return;
  const auto length = body.length();
  std::uint64_t total = 0;
  std::string chunk;
  while (true) {
    wait_for_client(true);
    auto bytes = co_await body.reader()->read();
    wait_for_client(false);
    if (bytes) total += bytes->size();
    const bool broken_off = bytes && bytes->empty() && length && total < *length;
    if (broken_off) bytes = fail(ErrorKind::closed, "request body broke off");
    if (bytes && length && total > *length)
      bytes = fail(ErrorKind::invalid, "request body is too long");
    if (!bytes) {
      client_error_ = std::move(bytes).error();
      stream_->close();
      co_return;
    }
    chunk.clear();
    if (length) {
      chunk.append(*bytes);
    } else if (bytes->empty()) {
      const auto trailers = body.reader()->take_trailers();
      http::h1::append_last_chunk(chunk, trailers.get());
    } else {
      http::h1::append_chunk(chunk, *bytes);
    }
    const bool last = bytes->empty();
    const auto written = co_await stream_->write_all(chunk);
    if (!written) co_return;
    if (last) break;
  }
  sent_ = true;
}

Task<Outcome<void>> H1Connection::read_head(http::Response& response) {
  while (true) {
    const auto progress = parser_.parse(unread());
    begin_ += progress.consumed;
    if (progress.state == ParseState::head) break;
    if (progress.state != ParseState::need_more) {
      co_return std::unexpected(failure(Stage::head, {ErrorKind::invalid, parser_.error()}));
    }
    auto more = co_await fill();
    if (!more) co_return std::unexpected(failure(Stage::head, std::move(more).error()));
    if (!*more) {
      co_return std::unexpected(
          failure(Stage::head, {ErrorKind::closed, "connection closed before the response"}));
    }
  }
  if (response.status == 101 && !upgrading_) {
    co_return std::unexpected(
        failure(Stage::head, {ErrorKind::invalid, "protocol switched without being asked to"}));
  }
  unread_response_ = true;
  // From here on, the client's connection limits the silence.
  if (response.status == 101) waits_for_client_ = true;
  if (!sent_) listen();
  co_return Outcome<void>();
}

Task<Outcome<std::string_view>> H1Connection::read_body() {
  unread_response_ = false;
  while (true) {
    const auto progress = parser_.parse(unread());
    begin_ += progress.consumed;
    if (progress.state == ParseState::body) {
      unread_response_ = true;
      if (!sent_) listen();
      co_return progress.body;
    }
    if (progress.state == ParseState::done) break;
    if (progress.state == ParseState::refused) {
      co_return std::unexpected(failure(Stage::body, {ErrorKind::invalid, parser_.error()}));
    }
    auto more = co_await fill();
    if (!more) co_return std::unexpected(failure(Stage::body, std::move(more).error()));
    if (*more) continue;
    // RFC 9112 section 9.8: without a close_notify, the end may be a truncation.
    const bool whole = stream_->ended_cleanly() || upgrading_;
    if (whole && parser_.parse_eof() == ParseState::done) break;
    co_return std::unexpected(failure(Stage::body, {ErrorKind::closed, "response broke off"}));
  }
  finished_ = true;
  co_return std::string_view();
}

Outcome<bool> H1Connection::take_ready(std::string& out) {
  while (true) {
    const auto progress = parser_.parse(unread());
    begin_ += progress.consumed;
    out.append(progress.body);
    if (progress.state == ParseState::body) continue;
    if (progress.state == ParseState::refused)
      return std::unexpected(failure(Stage::body, {ErrorKind::invalid, parser_.error()}));
    finished_ = progress.state == ParseState::done;
    return finished_;
  }
}

// False at the end of the stream.
Task<Result<bool>> H1Connection::fill() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (end_ == in_.size()) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
    // Only a line of the head can fill the buffer, and the parser bounds those.
    if (end_ == in_.size()) in_.resize(2 * in_.size());
  }
  listen();
  auto count = co_await stream_->read_some({in_.data() + end_, in_.size() - end_});
  if (!count) co_return std::unexpected(std::move(count).error());
  end_ += *count;
  answered_ = answered_ || *count > 0;
  ended_ = *count == 0;
  co_return *count > 0;
}

}  // namespace sluice::backend
