// SPDX-License-Identifier: Apache-2.0
#include "server/h1_connection.h"

#include <algorithm>
#include <utility>

#include "http/h1/serializer.h"
#include "http/h2/session.h"
#include "server/limits.h"

namespace sluice::server {

using http::h1::Framing;

H1Connection::H1Connection(ServerContext& server, Connections::Member& member, net::Stream& stream)
    : server_(server),
      member_(member),
      stream_(stream),
      peer_(PeerInfo::of(stream)),
      input_(stream, *member.memory()),
      output_(stream) {}

Task<std::string> H1Connection::serve() {
  may_be_h2_ = server_.prototype()->spec.http2 && !stream_.is_secure();
  member_.on_rest([this](Connections::Rest) { rest(); });
  bool more = true;
  while (more) {
    more = co_await read_head();
    if (more) more = co_await answer();
  }
  member_.on_rest(nullptr);
  if (is_h2_) co_return std::string(input_.unread());
  member_.set_idle(true);
  if (linger_ > Duration::zero()) co_await input_.linger(linger_);
  stream_.close();
  co_return std::string();
}

// The first bytes of a request have arrived.
void H1Connection::begin() {
  spoke_ = true;
  if (!served_) served_ = std::make_unique<ServedExchange>(server_, peer_, member_.memory());
  served_->begin();
  input_.start(served_->request());
  output_.start();
}

// A connection idle for long keeps only its pending read: it drops the buffers and the reference to
// the pipelines.
void H1Connection::rest() {
  served_.reset();
  output_.rest();
  input_.rest();
  stream_.rest();
}

// Returns false if there is no further request: the client left, was idle for too long, or sent a
// request that was refused here (RFC 9112 section 9.6: the connection then ends).
Task<bool> H1Connection::read_head() {
  // A connection accepted during a drain may still send its first request.
  const bool first = served_ == nullptr;
  if (served_) served_->clear();
  member_.set_idle(true);
  stream_.set_patience(server_.overload().patience(known_));
  if (!first && !input_.has_bytes() && server_.draining()) co_return false;
  const bool came = co_await input_.wait(server_.prototype()->spec.keep_alive_timeout);
  if (!came) {
    if (!spoke_ && input_.was_silent()) server_.note_closed(http::Cause::silent, peer_.address);
    co_return false;
  }
  member_.set_idle(false);
  stream_.set_patience(net::Stream::kAtHand);
  begin();
  if (std::exchange(may_be_h2_, false) && input_.may_become(http::h2::kPreface)) {
    is_h2_ = co_await input_.becomes(http::h2::kPreface, served_->spec().head_timeout);
    if (is_h2_) co_return false;
  }
  const H1Input::Head head = co_await input_.read_head(served_->spec().head_timeout);
  if (head == H1Input::Head::complete) co_return true;
  co_await refuse_head(head);
  co_return false;
}

Task<void> H1Connection::refuse_head(H1Input::Head head) {
  switch (head) {
    case H1Input::Head::complete:
      break;
    case H1Input::Head::refused:
      server_.connection_counts().h1_errors.add();
      served_->refuse(http::refusal_of_head(input_.parser().refusal().status),
                      "refused: " + input_.parser().refusal().reason);
      break;
    case H1Input::Head::ended:
      served_->refuse({400, http::Cause::head_cut_off}, "the connection ended within the head");
      break;
    case H1Input::Head::no_memory:
      served_->note_refusal(observe::Limit::memory_heads);
      served_->refuse({503, http::Cause::memory_budget}, "");
      break;
    case H1Input::Head::timed_out:
      served_->refuse({408, http::Cause::head_timeout}, "timed out reading the head");
      break;
  }
  keep_alive_ = false;
  refused_ = true;
  co_await write_response();
}

// Serves a request from its complete head to the sent response. Returns false if the connection
// must end.
Task<bool> H1Connection::answer() {
  served_->head_complete(input_.received());
  input_.set_body_patience(served_->spec().body_timeout);
  keep_alive_ = input_.parser().keep_alive() && served_->spec().keep_alive && !leaving();
  keep_upgrade_request();
  const Answer answer = co_await served_->answer(*this);
  if (answer == Answer::none) {  // the client has left
    record(served_->left());
    co_return false;
  }
  refused_ = answer == Answer::refused;
  if (leaving()) keep_alive_ = false;
  output_.early().close();
  if (output_.early().sent() > 0) {
    const bool there = co_await output_.finish_early();
    if (!there) {
      record(served_->left());
      co_return false;
    }
  }
  co_return co_await write_response();
}

Task<bool> H1Connection::send_continue() {
  const auto sent = co_await stream_.write_all("HTTP/1.1 100 Continue\r\n\r\n");
  co_return sent.has_value();
}

// While the client still sends its body, it has at least bodyTimeout to receive early output.
void H1Connection::open_early_output() {
  const auto& spec = served_->spec();
  const Duration patience =
      input_.finished() ? spec.write_timeout : std::max(spec.write_timeout, spec.body_timeout);
  output_.early().open(served_->request().version != http::Version::http10, patience);
  served_->exchange().set_interim(&output_.early());
}

// Returns whether the connection can carry another request after this response.
bool H1Connection::may_go_on() const {
  if (!keep_alive_ || input_.broken()) return false;
  if (input_.finished()) return true;
  // A client that waits for "100 Continue" may never send the body.
  if (input_.parser().expects_continue()) return false;
  return input_.parser().content_length().value_or(kDrainBytesMax + 1) <= kDrainBytesMax;
}

// A client that has sent a whole request lingers for the shorter time; it may have begun the next
// one.
Duration H1Connection::linger_time() const {
  return refused_ || !input_.finished() ? kLingerUploadTimeout : kLingerTimeout;
}

Task<bool> H1Connection::write_response() {
  if (served_->exchange().client_response()->status == 101) {
    if (is_upgraded()) {
      co_await relay_upgraded();
      co_return false;
    }
    served_->exchange().add_tag("switched to a protocol that the client has not asked for");
    served_->respond({502, http::Cause::upgrade_unasked});
  }
  http::Response& response = *served_->exchange().client_response();
  const http::Request& request = served_->request();
  keep_alive_ = may_go_on();
  const Framing framing = http::h1::response_framing(response, served_->method(), request.version,
                                                     request.wants_trailers);
  if (framing == Framing::until_close) keep_alive_ = false;
  output_.start_response(response,
                         {.keep_alive = keep_alive_,
                          .version = request.version,
                          .framing = framing,
                          .length = response.body.length().value_or(0),
                          .date = server_.core().date()},
                         served_->spec().write_timeout);
  const bool with_body = framing != Framing::none && served_->method() != "HEAD";
  bool sent = true;
  http::Cause cut = http::Cause::response_unread;
  if (with_body && response.body.is_stream()) {
    const auto written =
        co_await output_.write_stream(*response.body.reader(), framing, request.wants_trailers);
    if (!written) {
      served_->exchange().add_tag("response body: " + written.error().message);
      cut = http::Cause::response_broken_off;
    }
    sent = written.value_or(false);
  } else {
    sent = co_await output_.write_whole(with_body ? &response.body : nullptr, framing);
  }
  record({response.status, sent ? http::Cause::none : cut});
  if (!sent || !keep_alive_) {
    if (sent) stream_.shutdown_write();
    if (sent) linger_ = linger_time();
    co_return false;
  }
  if (input_.finished()) co_return true;
  co_return co_await input_.skip_body();
}

// --- Another protocol (RFC 9110 section 7.8)

// Keeps the head of an upgrade request as received: the tunnel is judged by it later.
void H1Connection::keep_upgrade_request() {
  asked_.reset();
  if (input_.parser().upgrade().empty()) return;
  asked_ = std::make_unique<http::Request>();
  asked_->copy_head(served_->request());
}

// Passes the upgrade to the filters; Proxy uses it. A server may ignore it (RFC 9110 section 7.8).
void H1Connection::offer_upgrade() {
  upgraded_.reset();
  const std::string_view upgrade = input_.parser().upgrade();
  if (input_.parser().has_body() || server_.draining() || !may_upgrade(upgrade)) return;
  if (served_->method() == "HEAD") return;
  upgraded_ = std::make_shared<UpgradedInput>(input_, server_.core().loop());
  served_->request().upgrade = upgrade;
  served_->request().upgraded = upgraded_;
}

bool H1Connection::is_upgraded() const {
  const http::Response& response = *served_->exchange().client_response();
  const auto chosen = response.headers.get("Upgrade");
  return upgraded_ && chosen && response.body.is_stream() &&
         is_offered(input_.parser().upgrade(), *chosen);
}

// Returns whether the current rules would admit the request that opened the tunnel.
bool H1Connection::may_stay(const ServerPrototype& now) {
  const router::Arrival arrival = now.router.receive(*asked_);
  return now.router.route(*asked_, served_->exchange().real_ip, arrival.doubts).status == 0;
}

// Relays both ways until one end closes or both are silent. A drain may cut the tunnel at any time.
Task<void> H1Connection::relay_upgraded() {
  http::Response& response = *served_->exchange().client_response();
  const Duration patience = served_->spec().tunnel_timeout;
  output_.start_response(response,
                         {.framing = Framing::none,
                          .date = server_.core().date(),
                          .upgrade = *response.headers.get("Upgrade")},
                         served_->spec().write_timeout);
  member_.on_rest(nullptr);
  member_.set_idle(true);
  member_.on_update([this](const ServerPrototype& now) { return may_stay(now); });
  member_.set_kept();
  bool more = co_await output_.write_head();
  upgraded_->open(patience);
  while (more) {
    stream_.set_deadline(Clock::now() + patience);
    const auto bytes = co_await response.body.reader()->read();
    if (!bytes || bytes->empty()) break;
    more = co_await output_.write(*bytes);
  }
  member_.on_update(nullptr);
  record({response.status});
  response.body.clear();
  stream_.shutdown_write();
  if (more) linger_ = kLingerUploadTimeout;
}

Task<std::string> serve_h1(ServerContext& server, Connections::Member& member,
                           net::Stream& stream) {
  H1Connection connection(server, member, stream);
  co_return co_await connection.serve();
}

}  // namespace sluice::server
