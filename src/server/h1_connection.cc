// SPDX-License-Identifier: Apache-2.0
#include "server/h1_connection.h"

#include "http/h1/serializer.h"
#include "router/client_address.h"
#include "server/h1_input.h"
#include "server/limits.h"
#include "server/watched.h"
#include "server/worker.h"

namespace sluice::server {
namespace {

using http::h1::Framing;

// One connection's codec and the exchange that its requests share, one after the other.
class H1Connection {
 public:
  H1Connection(CoreServer& server, CoreServer::Membership& membership, net::Stream& stream)
      : server_(server),
        worker_(server.worker()),
        membership_(membership),
        stream_(stream),
        input_(stream),
        exchange_(worker_.core()) {}

  Task<void> serve();

 private:
  void begin();
  Task<bool> read_head();
  Task<int> take_body(std::int64_t bytes_max);
  Task<bool> answer();
  [[nodiscard]] bool may_go_on() const;
  Task<bool> write_response();
  Task<bool> write_stream(http::Response& response, Framing framing);
  Task<void> refuse_with(int status, std::string tag);
  Task<int> dispatch();
  void log(int status);
  [[nodiscard]] std::string_view peer_ip() const;

  CoreServer& server_;
  Worker& worker_;
  CoreServer::Membership& membership_;
  net::Stream& stream_;
  H1Input input_;  // before the exchange, whose request may read its body from here
  pipeline::Exchange exchange_;
  // Of the request at hand. The pipeline stays until its response is sent and logged.
  std::shared_ptr<const ServerPrototype> prototype_;
  std::shared_ptr<const pipeline::Pipeline> pipeline_;
  std::string method_;  // as received: filters may change the request's
  std::string target_;  // likewise; only kept for the access log
  std::string out_;
  std::chrono::system_clock::time_point started_at_;
  TimePoint started_;
  std::uint64_t sent_ = 0;  // bytes of the response
  bool keep_alive_ = true;
  bool refused_ = false;  // by the codec
  bool linger_ = false;   // unread bytes are on their way: see H1Input::linger
  std::string allow_;     // for 405
  std::vector<observe::AccessEntry::Step> steps_;  // scratch
};

std::string_view H1Connection::peer_ip() const {
  std::string_view peer = stream_.peer_address();
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.starts_with('[')) peer = peer.substr(1, peer.size() - 2);
  return peer;
}

Task<void> H1Connection::serve() {
  bool more = true;
  while (more) {
    more = co_await read_head();
    if (more) more = co_await answer();
  }
  membership_.set_idle(true);
  if (linger_) co_await input_.linger();
  stream_.close();
}

void H1Connection::begin() {
  exchange_.clear();
  input_.start(exchange_.client_request());
  prototype_ = server_.prototype();
  pipeline_.reset();
  method_.clear();
  target_.clear();
  allow_.clear();
  sent_ = 0;
}

// False when there is no further request: the client left, was idle too long, or sent something
// that was refused here (RFC 9112 section 9.6: then the connection ends).
Task<bool> H1Connection::read_head() {
  begin();
  membership_.set_idle(true);
  if (!input_.has_bytes() && server_.draining()) co_return false;
  const bool came = co_await input_.wait(prototype_->spec.keep_alive_timeout);
  if (!came) co_return false;
  membership_.set_idle(false);
  started_ = Clock::now();
  started_at_ = std::chrono::system_clock::now();
  const H1Input::Head head = co_await input_.read_head();
  switch (head) {
    case H1Input::Head::complete:
      co_return true;
    case H1Input::Head::refused:
      co_await refuse_with(input_.parser().refusal().status,
                           "refused: " + input_.parser().refusal().reason);
      break;
    case H1Input::Head::ended:
      co_await refuse_with(400, "the connection ended within the head");
      break;
    case H1Input::Head::timed_out:
      co_await refuse_with(408, "timed out reading the head");
      break;
  }
  co_return false;
}

Task<void> H1Connection::refuse_with(int status, std::string tag) {
  exchange_.new_response().status = status;
  exchange_.add_tag(std::move(tag));
  exchange_.peer = stream_.peer_address();
  exchange_.real_ip = peer_ip();
  method_ = exchange_.client_request().method;
  keep_alive_ = false;
  refused_ = true;
  co_await write_response();
}

// From a complete head to the response sent. False when the connection must end.
Task<bool> H1Connection::answer() {
  prototype_ = server_.prototype();
  keep_alive_ = input_.parser().keep_alive() && prototype_->spec.keep_alive && !server_.draining();
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
  co_return co_await write_response();
}

// 0: the pipeline has made the response; > 0: this status instead; < 0: nobody is left to answer.
Task<int> H1Connection::dispatch() {
  http::Request& request = exchange_.client_request();
  request.scheme = stream_.is_secure() ? "https" : "http";
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

  if (!input_.finished()) {
    std::int64_t bytes_max = match.route->client_max_body_size;
    if (bytes_max == 0) bytes_max = prototype_->spec.client_max_body_size;
    if (bytes_max == 0) bytes_max = router::kDefaultBodyBytesMax;
    if (const int status = co_await take_body(bytes_max); status != 0) co_return status;
  }
  if (!co_await Watched(stream_, pipeline_->handle(exchange_))) co_return -1;
  if (exchange_.client_response() == nullptr) {
    exchange_.add_tag("no filter made a response");
    co_return 503;
  }
  co_return 0;
}

// Takes the body in (bytes_max >= 0), or leaves it to be streamed. 0, or the status to refuse with.
Task<int> H1Connection::take_body(std::int64_t bytes_max) {
  http::Request& request = exchange_.client_request();
  const auto length = input_.parser().content_length();
  const bool too_large =
      bytes_max >= 0 && length && *length > static_cast<std::uint64_t>(bytes_max);
  if (too_large) co_return 413;
  if (input_.parser().expects_continue()) {
    if (!co_await stream_.write_all("HTTP/1.1 100 Continue\r\n\r\n")) co_return -1;
  }
  request.body = http::Body(input_.body(), length);
  if (bytes_max < 0) co_return 0;
  const auto whole = co_await request.body.buffer(static_cast<std::uint64_t>(bytes_max));
  if (whole) co_return 0;
  request.body.clear();
  exchange_.add_tag("body: " + whole.error().message);
  co_return whole.error().kind == ErrorKind::too_large ? 413 : 400;
}

// Whether the connection can carry another request after this response.
bool H1Connection::may_go_on() const {
  if (!keep_alive_ || input_.broken()) return false;
  if (input_.finished()) return true;
  // A client that waits for "100 Continue" may never send the body.
  if (input_.parser().expects_continue()) return false;
  return input_.parser().content_length().value_or(kDrainBytesMax + 1) <= kDrainBytesMax;
}

Task<bool> H1Connection::write_response() {
  http::Response& response = *exchange_.client_response();
  const http::Request& request = exchange_.client_request();
  keep_alive_ = may_go_on();
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
    linger_ = sent && (refused_ || !input_.finished());
    co_return false;
  }
  if (input_.finished()) co_return true;
  co_return co_await input_.skip_body();
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
  prototype_->state->stats.record(worker_.core().index, status, duration, input_.received(), sent_);
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
                     .request_bytes = input_.received(),
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
