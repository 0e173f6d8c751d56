// SPDX-License-Identifier: Apache-2.0
#include "admin/connection.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <utility>

#include "admin/input.h"
#include "base/time.h"
#include "http/date.h"
#include "http/h1/serializer.h"
#include "loop/join.h"
#include "net/tls/tls_stream.h"

namespace sluice::admin {
namespace {

using http::h1::Framing;
using http::h1::ParseState;

constexpr char kTlsHandshake = 0x16;  // first byte of a record, RFC 8446 section 5.1
constexpr std::size_t kHeadReadBytes = 4 << 10;
constexpr std::size_t kBodyReadBytes = 64 << 10;
// Each piece of a response of this size has Patience::write.
constexpr std::size_t kWriteBytes = 64 << 10;
// The most that is read and dropped of a body that is not wanted. A client that reads only once it
// has sent everything still gets the response.
constexpr std::uint64_t kDrainBytesMax = std::uint64_t{1} << 30;
constexpr std::uint64_t kStrangerDrainBytesMax = std::uint64_t{1} << 20;
// The wait for a client to end its side, so that no reset overtakes the last response (RFC 9112
// section 9.6).
constexpr auto kFarewell = std::chrono::seconds(2);
// The time for a response that is on its way when the API stops.
constexpr auto kLastWords = std::chrono::seconds(1);
constexpr auto kFirstWords = std::chrono::milliseconds(200);  // of a client that has just connected

Task<void> read_into(http::BodyReader& reader, Result<std::string_view>& out) {
  out = co_await reader.read();
}

class ApiConnection final : public ApiConnections::OpenConnection {
 public:
  ApiConnection(ApiConnections& all, std::unique_ptr<net::Stream> stream);
  ApiConnection(const ApiConnection&) = delete;
  ApiConnection& operator=(const ApiConnection&) = delete;
  ~ApiConnection() { all_.leave(*this); }

  Task<void> serve();
  void stop() override;
  void retire() override;
  void cut() override { wire_->close(); }
  [[nodiscard]] bool in_admitted_call() const override { return in_call_ && terms_.admitted; }

 private:
  class Waiting;
  class Upload;
  Task<void> serve_requests();
  Task<bool> secure();
  Task<bool> speaks_tls();
  Task<bool> read_head();
  Task<bool> answer();
  Task<Result<std::size_t>> receive(TimePoint until, std::size_t size);
  Task<Result<std::string_view>> read_body();
  Task<bool> send(std::string_view bytes);
  Task<void> refuse(int status, std::string_view reason);
  Task<bool> write(http::Response& response);
  Task<bool> write_whole(std::string_view body);
  Task<bool> write_stream(http::BodyReader& reader, Framing framing);
  Task<bool> may_follow_on();
  Task<void> linger();
  [[nodiscard]] bool may_go_on() const;

  ApiConnections& all_;
  const std::shared_ptr<const AccessControl> access_;           // as of the start
  std::shared_ptr<const AccessControl> admitted_by_ = access_;  // of a call without an end
  std::unique_ptr<net::Stream> stream_;                         // null during the TLS handshake
  net::Stream* wire_;  // the stream, or what is under the handshake
  Peer client_;
  const TimePoint greeting_until_;  // of the first head, the handshake included
  Input input_;
  http::Request request_;
  std::string out_;
  enum class Waits { no, for_bytes, for_room };
  Waits waits_ = Waits::no;
  bool first_ = true;  // no request was complete yet
  bool idle_ = false;  // between two requests
  bool keep_alive_ = true;
  bool streaming_ = false;
  bool in_call_ = false;      // from the end of a head to the next one
  Service::CallTerms terms_;  // of the last call
  bool answered_ = false;     // the last response was sent, and the connection ends
};

// The connection waits for its client while this lives.
class ApiConnection::Waiting {
 public:
  Waiting(ApiConnection& connection, Waits waits) : connection_(connection) {
    connection_.waits_ = waits;
    connection_.all_.note_silent(connection_);
  }
  ~Waiting() {
    connection_.waits_ = Waits::no;
    connection_.unlink();
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  ApiConnection& connection_;
};

// The body of the request, as it arrives.
class ApiConnection::Upload final : public http::BodyReader {
 public:
  explicit Upload(ApiConnection& connection) : connection_(connection) {}
  Task<Result<std::string_view>> read() override {
    if (!std::exchange(begun_, true) && connection_.input_.parser().expects_continue())
      (void)co_await connection_.send("HTTP/1.1 100 Continue\r\n\r\n");
    co_return co_await connection_.read_body();
  }

 private:
  ApiConnection& connection_;
  bool begun_ = false;
};

ApiConnection::ApiConnection(ApiConnections& all, std::unique_ptr<net::Stream> stream)
    : all_(all),
      access_(all.access()),
      stream_(std::move(stream)),
      wire_(stream_.get()),
      client_{std::string(net::ip_of(stream_->peer_address())), ""},
      greeting_until_(Clock::now() + all.patience().head) {
  all_.enter(*this);
}

void ApiConnection::stop() {
  // The first request of a new connection is on its way, or in the kernel already. A probe that is
  // cut then counts as a failure.
  const bool is_new = first_ && input_.unread().empty() && !input_.parser().started();
  if (waits_ == Waits::for_bytes && is_new && !access_->tls)
    return wire_->set_deadline(std::min(greeting_until_, Clock::now() + kFirstWords));
  if (waits_ == Waits::for_bytes || streaming_) return cut();
  if (waits_ == Waits::for_room) wire_->set_deadline(Clock::now() + kLastWords);
}

void ApiConnection::retire() {
  if (idle_) cut();
}

Task<void> ApiConnection::serve() {
  try {
    co_await serve_requests();
  } catch (const std::exception& error) {
    all_.service().logger().error(std::string("admin API: connection given up: ") + error.what());
  }
}

Task<void> ApiConnection::serve_requests() {
  bool more = co_await secure();
  while (more) {
    more = co_await read_head();
    if (more) more = co_await answer();
  }
  if (answered_) co_await linger();
  if (stream_) stream_->close();
}

Task<bool> ApiConnection::secure() {
  if (!access_->tls) co_return true;
  const bool speaks = co_await speaks_tls();
  if (!speaks) co_return false;
  const Waiting waiting(*this, Waits::for_bytes);
  auto secured =
      co_await net::accept_tls(all_.loop(), std::move(stream_), access_->tls, greeting_until_);
  if (!secured) {
    wire_ = nullptr;
    all_.service().logger().debug("admin API: no TLS with " + client_.address + ": " +
                                  secured.error().message);
    co_return false;
  }
  stream_ = *std::move(secured);
  wire_ = stream_.get();
  client_.certificate_name = net::peer_common_name(*stream_);
  co_return true;
}

// A client that speaks plain HTTP to TLS gets an answer that it understands.
Task<bool> ApiConnection::speaks_tls() {
  std::array<char, 512> first;
  Result<std::size_t> count = 0;
  {
    const Waiting waiting(*this, Waits::for_bytes);
    stream_->set_deadline(greeting_until_);
    count = co_await stream_->read_some(first);
  }
  if (!count || *count == 0) co_return false;
  if (first[0] == kTlsHandshake) {
    stream_->put_back({first.data(), *count});
    co_return true;
  }
  all_.service().logger().debug("admin API: no TLS with " + client_.address + ": it speaks no TLS");
  co_await refuse(400, "this port speaks TLS: use https://");
  co_return false;
}

// Returns false if there is no further request, or one that was refused here.
Task<bool> ApiConnection::read_head() {
  input_.start(request_);
  in_call_ = false;
  idle_ = !first_ && input_.unread().empty();
  const Patience& patience = all_.patience();
  TimePoint until = Clock::now() + (idle_ ? patience.idle : patience.head);
  if (first_) until = greeting_until_;
  while (true) {
    const ParseState state = input_.parse().state;
    if (state == ParseState::head) break;
    if (state == ParseState::refused) {
      const auto& refusal = input_.parser().refusal();
      // 501 is for methods and codings, which are no matter of this API: the request is at fault.
      co_await refuse(refusal.status == 501 ? 400 : refusal.status,
                      "cannot read the request: " + refusal.reason);
      co_return false;
    }
    const auto count = co_await receive(until, kHeadReadBytes);
    if (!count || *count == 0) {
      const bool late = !count && count.error().kind == ErrorKind::timed_out;
      if (late && input_.parser().started())
        co_await refuse(408, "the head of the request takes too long");
      co_return false;
    }
    if (std::exchange(idle_, false)) until = Clock::now() + patience.head;
  }
  // A later request must not use credentials that were replaced in the meantime.
  co_return std::exchange(first_, false) || access_ == all_.access();
}

Task<Result<std::size_t>> ApiConnection::receive(TimePoint until, std::size_t size) {
  if (all_.stopping()) co_return fail(ErrorKind::closed, "the server is shutting down");
  const Waiting waiting(*this, Waits::for_bytes);
  stream_->set_deadline(until);
  auto count = co_await stream_->read_some(input_.room(size));
  if (count) input_.filled(*count);
  co_return count;
}

Task<Result<std::string_view>> ApiConnection::read_body() {
  while (!input_.finished()) {
    const auto progress = input_.parse();
    if (progress.state == ParseState::body) co_return progress.body;
    if (progress.state == ParseState::done) break;
    if (progress.state == ParseState::refused)
      co_return fail(ErrorKind::invalid,
                     "cannot read the body: " + input_.parser().refusal().reason);
    const auto count = co_await receive(Clock::now() + all_.patience().body, kBodyReadBytes);
    if (!count || *count == 0) co_return fail(ErrorKind::closed, "the body ends in the middle");
  }
  co_return std::string_view();
}

Task<bool> ApiConnection::answer() {
  in_call_ = true;
  keep_alive_ = input_.parser().keep_alive();
  if (!input_.finished()) {
    request_.body = http::Body(std::make_unique<Upload>(*this), input_.parser().content_length());
  }
  terms_ = {};
  http::Response response = co_await all_.service().answer(request_, client_, *access_, terms_);
  co_return co_await write(response);
}

bool ApiConnection::may_go_on() const {
  return keep_alive_ && terms_.admitted && input_.finished() && !input_.broken() &&
         !all_.stopping() && access_ == all_.access();
}

Task<void> ApiConnection::refuse(int status, std::string_view reason) {
  keep_alive_ = false;
  http::Response response = all_.service().refuse(status, reason);
  (void)co_await write(response);
}

// Returns whether the connection can carry another request.
Task<bool> ApiConnection::write(http::Response& response) {
  const Framing framing = http::h1::response_framing(response, request_.method, request_.version);
  keep_alive_ = may_go_on() && framing != Framing::until_close;
  out_.clear();
  const std::string date = http::format_date(std::time(nullptr));
  http::h1::append_response_head(out_, response,
                                 {.keep_alive = keep_alive_,
                                  .version = request_.version,
                                  .framing = framing,
                                  .length = response.body.length().value_or(0),
                                  .date = date});
  const bool with_body = framing != Framing::none && request_.method != "HEAD";
  bool sent = false;
  if (with_body && response.body.is_stream()) {
    sent = co_await write_stream(*response.body.reader(), framing);
  } else {
    sent = co_await write_whole(with_body ? response.body.bytes() : std::string_view());
  }
  answered_ = sent && !keep_alive_;
  co_return sent&& keep_alive_;
}

// Sends out_ and then `body`.
Task<bool> ApiConnection::write_whole(std::string_view body) {
  const bool joined = body.size() <= kWriteBytes;
  if (joined) out_ += body;
  const bool sent = co_await send(out_);
  if (joined || !sent) co_return sent;
  co_return co_await send(body);
}

// Returns false if the client leaves, or the body is cut short. A client that has ended its side
// has left: it would not be noticed while there is nothing to send.
Task<bool> ApiConnection::write_stream(http::BodyReader& reader, Framing framing) {
  const auto until_gone = [](net::Stream& stream) -> Task<bool> {
    (void)co_await stream.closed();
    co_return true;
  };
  streaming_ = true;
  bool more = !all_.stopping();
  while (more) {
    Result<std::string_view> piece;
    loop::Unless reading(read_into(reader, piece), [&] { return until_gone(*stream_); });
    reading.start();
    if (!reading.done()) {  // the head does not wait for a slow body
      more = co_await send(out_);
      out_.clear();
      if (!more) break;
    }
    const bool there = co_await reading;
    more = there && piece;
    if (more) more = co_await may_follow_on();
    if (!more) break;
    const bool last = piece->empty();
    if (framing != Framing::chunked) {
      out_ += *piece;
    } else if (last) {
      http::h1::append_last_chunk(out_);
    } else {
      http::h1::append_chunk(out_, *piece);
    }
    more = co_await send(out_);
    out_.clear();
    if (last) break;
  }
  streaming_ = false;
  co_return more;
}

// A call in progress ends under the credentials with which it began. One that has no end would go
// on for ever, so its caller proves itself again after a reload.
Task<bool> ApiConnection::may_follow_on() {
  if (!terms_.endless || admitted_by_ == all_.access()) co_return true;
  admitted_by_ = all_.access();
  const bool by_certificate = !client_.certificate_name.empty();
  if (by_certificate && admitted_by_->tls != access_->tls) co_return false;
  const auto access = admitted_by_;
  co_return co_await all_.service().is_still_admitted(request_, client_, *access);
}

// Returns false if the client has left, or reads too slowly.
Task<bool> ApiConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kWriteBytes);
    bytes.remove_prefix(part.size());
    const Waiting waiting(*this, Waits::for_room);
    const Duration patience = all_.stopping()
                                  ? Duration(kLastWords)
                                  : terms_.write_patience.value_or(all_.patience().write);
    stream_->set_deadline(Clock::now() + patience);
    const auto written = co_await stream_->write_all(part);
    if (!written) co_return false;
  }
  co_return true;
}

// Reads and drops what still comes after the last response.
Task<void> ApiConnection::linger() {
  stream_->shutdown_write();
  const bool whole = input_.finished() && input_.unread().empty();
  const std::uint64_t bytes_max = terms_.admitted ? kDrainBytesMax : kStrangerDrainBytesMax;
  const Duration silence = whole ? Duration(kFarewell) : Duration(all_.patience().body);
  const TimePoint end =
      terms_.admitted ? TimePoint::max() : std::max(greeting_until_, Clock::now() + kFarewell);
  for (std::uint64_t dropped = 0; dropped <= bytes_max;) {
    input_.drop();
    const auto count = co_await receive(std::min(end, Clock::now() + silence), kBodyReadBytes);
    if (!count || *count == 0) co_return;
    dropped += *count;
  }
}

}  // namespace

Task<void> serve(ApiConnections& all, std::unique_ptr<net::Stream> stream) {
  ApiConnection connection(all, std::move(stream));
  co_await connection.serve();
}

}  // namespace sluice::admin
