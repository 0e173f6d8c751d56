// SPDX-License-Identifier: Apache-2.0
#include "server/h1_connection.h"

#include "http/h1/request_parser.h"
#include "http/h1/serializer.h"
#include "router/client_address.h"
#include "server/limits.h"
#include "server/read_buffer.h"
#include "server/watched.h"
#include "server/worker.h"

namespace sluice::server {
namespace {

using http::h1::Framing;
using http::h1::ParseState;

// One connection's codec and the exchange that its requests share, one after the other.
class H1Connection {
 public:
  H1Connection(CoreServer& server, CoreServer::Membership& membership, net::Stream& stream)
      : server_(server),
        worker_(server.worker()),
        membership_(membership),
        stream_(stream),
        exchange_(worker_.core()) {}

  Task<void> serve();

 private:
  class BodyStream;

  Task<bool> read_head();
  Task<bool> read_more();
  Task<int> read_body(std::int64_t bytes_max);
  Task<bool> answer();
  Task<bool> write_response(bool body_unread);
  Task<bool> write_stream(http::Response& response, Framing framing);
  Task<void> refuse();
  Task<void> refuse_with(int status, std::string tag);
  Task<void> give_up_head(bool ended);
  Task<bool> skip_rest();
  Task<int> dispatch();
  void log(int status);
  [[nodiscard]] std::string_view peer_ip() const;

  CoreServer& server_;
  Worker& worker_;
  CoreServer::Membership& membership_;
  net::Stream& stream_;
  ReadBuffer buffer_;
  http::h1::RequestParser parser_;
  pipeline::Exchange exchange_;
  // Of the request at hand. The pipeline stays until its response is sent and logged.
  std::shared_ptr<const ServerPrototype> prototype_;
  std::shared_ptr<const pipeline::Pipeline> pipeline_;
  std::string method_;  // as received: filters may change the request's
  std::string target_;  // likewise; only kept for the access log
  std::string out_;
  std::chrono::system_clock::time_point started_at_;
  TimePoint started_;
  std::uint64_t received_ = 0;  // bytes of the request at hand
  std::uint64_t sent_ = 0;      // bytes of its response
  bool body_done_ = true;       // everything of the request has been parsed
  bool keep_alive_ = true;
  std::string allow_;                              // for 405
  std::vector<observe::AccessEntry::Step> steps_;  // scratch
};

// The request's body for filters that take it as a stream. Lives in the exchange's request.
class H1Connection::BodyStream final : public http::BodyReader {
 public:
  explicit BodyStream(H1Connection& connection) : connection_(connection) {}
  Task<Result<std::string_view>> read() override;

 private:
  H1Connection& connection_;
};

Task<Result<std::string_view>> H1Connection::BodyStream::read() {
  H1Connection& c = connection_;
  while (true) {
    if (c.body_done_) co_return std::string_view();
    const auto progress = c.parser_.parse(c.buffer_.unread());
    c.buffer_.consume(progress.consumed);
    c.received_ += progress.consumed;
    switch (progress.state) {
      case ParseState::body:
        co_return progress.body;
      case ParseState::done:
        c.body_done_ = true;
        co_return std::string_view();
      case ParseState::refused:
        c.keep_alive_ = false;
        co_return fail(ErrorKind::invalid, c.parser_.refusal().reason);
      default:
        break;
    }
    c.stream_.set_deadline(Clock::now() + kBodyTimeout);
    if (!co_await c.read_more()) {
      c.keep_alive_ = false;
      co_return fail(ErrorKind::closed, "the client closed the connection within the body");
    }
  }
}

std::string_view H1Connection::peer_ip() const {
  std::string_view peer = stream_.peer_address();
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.starts_with('[')) peer = peer.substr(1, peer.size() - 2);
  return peer;
}

Task<bool> H1Connection::read_more() {
  const std::span<char> room = buffer_.room(kReadBytes);
  const auto count = co_await stream_.read_some(room);
  if (!count || *count == 0) co_return false;
  buffer_.filled(*count);
  co_return true;
}

Task<void> H1Connection::serve() {
  bool more = true;
  while (more) {
    more = co_await read_head();
    if (more) more = co_await answer();
  }
  stream_.close();
}

// False when there is no further request: the client left, was idle too long, or sent something
// that was refused here.
Task<bool> H1Connection::read_head() {
  exchange_.clear();
  pipeline_.reset();
  method_.clear();
  target_.clear();
  parser_.start(exchange_.client_request());
  received_ = sent_ = 0;
  prototype_ = server_.prototype();
  membership_.set_idle(true);
  bool waiting = true;  // for the first byte
  if (buffer_.unread().empty())
    stream_.set_deadline(Clock::now() + prototype_->spec.keep_alive_timeout);
  while (true) {
    if (!buffer_.unread().empty()) {
      if (waiting) {
        waiting = false;
        started_ = Clock::now();
        started_at_ = std::chrono::system_clock::now();
        membership_.set_idle(false);
        stream_.set_deadline(started_ + kHeadTimeout);
      }
      const auto progress = parser_.parse(buffer_.unread());
      buffer_.consume(progress.consumed);
      received_ += progress.consumed;
      if (progress.state == ParseState::head) co_return true;
      if (progress.state == ParseState::refused) {
        co_await refuse();
        co_return false;
      }
    } else if (server_.draining()) {
      co_return false;
    }
    const std::span<char> room = buffer_.room(kReadBytes);
    const auto count = co_await stream_.read_some(room);
    if (!count || *count == 0) {
      if (!waiting)
        co_await give_up_head(count.has_value() || count.error().kind != ErrorKind::timed_out);
      co_return false;
    }
    buffer_.filled(*count);
  }
}

// Half a head, then the end of the stream or silence.
Task<void> H1Connection::give_up_head(bool ended) {
  co_await refuse_with(ended ? 400 : 408, ended ? "the connection ended within the head"
                                                : "timed out reading the head");
}

// What the parser refused: the status it asks for, then the connection ends (RFC 9112 section 9.6).
Task<void> H1Connection::refuse() {
  co_await refuse_with(parser_.refusal().status, "refused: " + parser_.refusal().reason);
}

Task<void> H1Connection::refuse_with(int status, std::string tag) {
  exchange_.new_response().status = status;
  exchange_.add_tag(std::move(tag));
  exchange_.peer = stream_.peer_address();
  exchange_.real_ip = peer_ip();
  method_ = exchange_.client_request().method;
  keep_alive_ = false;
  body_done_ = true;
  co_await write_response(false);
}

// From a complete head to the response sent. False when the connection must end.
Task<bool> H1Connection::answer() {
  prototype_ = server_.prototype();
  body_done_ = !parser_.has_body();
  keep_alive_ = parser_.keep_alive() && prototype_->spec.keep_alive && !server_.draining();
  allow_.clear();
  method_ = exchange_.client_request().method;
  if (worker_.access_log() != nullptr) target_ = exchange_.client_request().target();
  const int status = co_await dispatch();
  if (status < 0) {  // the client has left
    log(499);
    co_return false;
  }
  if (status > 0) exchange_.new_response().status = status;
  if (status == 405 && !allow_.empty()) exchange_.client_response()->headers.set("Allow", allow_);
  if (server_.draining()) keep_alive_ = false;
  co_return co_await write_response(!body_done_);
}

// 0: the pipeline has made the response; > 0: this status instead; < 0: nobody is left to answer.
Task<int> H1Connection::dispatch() {
  http::Request& request = exchange_.client_request();
  request.scheme = "http";
  exchange_.peer = stream_.peer_address();
  exchange_.real_ip = router::real_ip(request, peer_ip());

  const router::Match match = prototype_->router.route(request, exchange_.real_ip);
  if (match.status != 0) {
    allow_ = match.allow;
    co_return match.status;
  }
  pipeline_ = worker_.pipeline(match.route->backend);
  if (!pipeline_) {
    exchange_.add_tag("pipeline " + match.route->backend + " not found");
    co_return 503;
  }
  match.route->set_headers(request, exchange_.real_ip);
  if (!match.route->rewrite(request)) co_return 414;
  if (prototype_->spec.x_forwarded_for) router::append_forwarded_for(request, exchange_.real_ip);

  if (!body_done_) {
    std::int64_t bytes_max = match.route->client_max_body_size;
    if (bytes_max == 0) bytes_max = prototype_->spec.client_max_body_size;
    if (bytes_max == 0) bytes_max = router::kDefaultBodyBytesMax;
    if (const int status = co_await read_body(bytes_max); status != 0) co_return status;
  }
  if (!co_await Watched(stream_, pipeline_->handle(exchange_))) co_return -1;
  if (exchange_.client_response() == nullptr) {
    exchange_.add_tag("no filter made a response");
    co_return 503;
  }
  co_return 0;
}

// Takes the body in (bytes_max >= 0), or leaves it to be streamed. 0, or the status to refuse with.
Task<int> H1Connection::read_body(std::int64_t bytes_max) {
  http::Request& request = exchange_.client_request();
  const auto length = parser_.content_length();
  const bool too_large =
      bytes_max >= 0 && length && *length > static_cast<std::uint64_t>(bytes_max);
  if (too_large) co_return 413;
  if (parser_.expects_continue()) {
    if (!co_await stream_.write_all("HTTP/1.1 100 Continue\r\n\r\n")) co_return -1;
  }
  request.body = http::Body(std::make_unique<BodyStream>(*this), length);
  if (bytes_max < 0) co_return 0;
  const auto whole = co_await request.body.buffer(static_cast<std::uint64_t>(bytes_max));
  if (whole) co_return 0;
  request.body.clear();
  exchange_.add_tag("body: " + whole.error().message);
  co_return whole.error().kind == ErrorKind::too_large ? 413 : 400;
}

// Reads a little of a body that nobody wanted, so that the connection can go on. False: it cannot.
Task<bool> H1Connection::skip_rest() {
  BodyStream rest(*this);
  std::size_t skipped = 0;
  while (!body_done_) {
    const auto chunk = co_await rest.read();
    if (!chunk) co_return false;
    skipped += chunk->size();
    if (skipped > kDrainBytesMax) co_return false;
  }
  co_return true;
}

Task<bool> H1Connection::write_response(bool body_unread) {
  http::Response& response = *exchange_.client_response();
  const http::Request& request = exchange_.client_request();
  // A client that waits for "100 Continue" may never send the body: the connection cannot go on.
  if (body_unread && parser_.expects_continue()) keep_alive_ = false;
  if (body_unread && parser_.content_length().value_or(kDrainBytesMax + 1) > kDrainBytesMax)
    keep_alive_ = false;

  const Framing framing = http::h1::response_framing(response, method_, request.version);
  if (framing == Framing::until_close) keep_alive_ = false;
  out_.clear();
  http::h1::append_response_head(out_, response,
                                 {.keep_alive = keep_alive_,
                                  .version = request.version,
                                  .framing = framing,
                                  .length = response.body.length().value_or(0),
                                  .date = worker_.date()});
  stream_.set_deadline(Clock::now() + kWriteTimeout);
  const bool with_body = framing != Framing::none && method_ != "HEAD";
  bool sent = true;
  if (with_body && response.body.is_stream()) {
    sent = co_await write_stream(response, framing);
  } else {
    const std::string_view body = with_body ? response.body.bytes() : std::string_view();
    const bool joined = body.size() <= kJoinBytesMax;
    if (joined) out_ += body;
    sent_ += out_.size() + (joined ? 0 : body.size());
    sent = (co_await stream_.write_all(out_)).has_value();
    if (sent && !joined) sent = (co_await stream_.write_all(body)).has_value();
  }
  log(response.status);
  if (!sent || !keep_alive_) {
    if (sent) stream_.shutdown_write();
    co_return false;
  }
  if (body_done_) co_return true;
  co_return co_await skip_rest();
}

Task<bool> H1Connection::write_stream(http::Response& response, Framing framing) {
  while (true) {
    const auto chunk = co_await response.body.reader()->read();
    if (!chunk) {  // cut short: the client must see that, so no last chunk and no further request
      exchange_.add_tag("response body: " + chunk.error().message);
      keep_alive_ = false;
      sent_ += out_.size();
      (void)co_await stream_.write_all(out_);
      co_return false;
    }
    const bool last = chunk->empty();
    if (framing == Framing::chunked) {
      if (last) {
        http::h1::append_last_chunk(out_);
      } else {
        http::h1::append_chunk(out_, *chunk);
      }
    } else {
      out_ += *chunk;
    }
    sent_ += out_.size();
    stream_.set_deadline(Clock::now() + kWriteTimeout);
    const auto written = co_await stream_.write_all(out_);
    out_.clear();
    if (!written) co_return false;
    if (last) co_return true;
  }
}

void H1Connection::log(int status) {
  const Duration duration = Clock::now() - started_;
  prototype_->state->stats.record(worker_.core().index, status, duration, received_, sent_);
  observe::AccessLog* access_log = worker_.access_log();
  if (access_log == nullptr) return;
  const http::Request& request = exchange_.client_request();
  steps_.clear();
  for (const auto& step : exchange_.steps)
    steps_.push_back({step.alias, step.result, step.duration});
  access_log->write(worker_.core().index, prototype_->access_format,
                    {.start = started_at_,
                     .duration = duration,
                     .peer = exchange_.peer,
                     .real_ip = exchange_.real_ip,
                     .method = method_,
                     .target = target_,
                     .protocol = http::to_string(request.version),
                     .status = status,
                     .request_bytes = received_,
                     .response_bytes = sent_,
                     .pipeline = exchange_.pipeline_name,
                     .steps = steps_,
                     .tags = exchange_.tags()});
}

}  // namespace

Task<void> serve_h1(CoreServer& server, CoreServer::Membership& membership, net::Stream& stream) {
  H1Connection connection(server, membership, stream);
  co_await connection.serve();
}

}  // namespace sluice::server
