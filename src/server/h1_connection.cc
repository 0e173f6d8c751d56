// SPDX-License-Identifier: Apache-2.0
#include "server/h1_connection.h"

#include <algorithm>
#include <utility>

#include "http/h1/serializer.h"
#include "http/h2/session.h"
#include "server/early_output.h"
#include "server/h1_input.h"
#include "server/h1_upgrade.h"
#include "server/limits.h"
#include "server/served_exchange.h"
#include "server/watched.h"
#include "server/worker.h"

namespace sluice::server {
namespace {

using http::h1::Framing;

Task<void> read_into(http::BodyReader& reader, Result<std::string_view>& out) {
  out = co_await reader.read();
}

// One connection: its codec, and the exchange that its requests use one after the other.
class H1Connection {
 public:
  H1Connection(CoreServer& server, CoreServer::Membership& membership, net::Stream& stream)
      : server_(server),
        worker_(server.worker()),
        membership_(membership),
        stream_(stream),
        input_(stream, *membership.memory()),
        early_(stream) {}

  // Returns the bytes received if they are HTTP/2, else "" after closing the connection.
  Task<std::string> serve();

 private:
  void begin();
  void rest();
  Task<bool> read_head();
  Task<bool> answer();
  [[nodiscard]] bool may_go_on() const;
  [[nodiscard]] Duration linger_time() const;
  [[nodiscard]] bool leaving() const { return server_.leaving() || membership_.superseded(); }
  void open_early_output();
  Task<bool> finish_early();
  void offer_upgrade();
  [[nodiscard]] bool is_upgraded() const;
  Task<bool> write_response();
  Task<void> relay_upgraded();
  [[nodiscard]] bool may_stay(const ServerPrototype& now);
  Task<bool> write(std::string_view bytes);
  Task<bool> flush();
  Task<bool> write_whole(const http::Body* body, Framing framing);
  Task<bool> write_stream(http::Response& response, Framing framing);
  Task<void> refuse_with(int status, std::string tag);
  Task<int> dispatch();

  CoreServer& server_;
  Worker& worker_;
  CoreServer::Membership& membership_;
  net::Stream& stream_;
  H1Input input_;  // before the exchange, whose request may read its body from here
  EarlyOutput early_;
  std::unique_ptr<ServedExchange> served_;   // null while the connection rests
  std::shared_ptr<UpgradedInput> upgraded_;  // set if the client asks for an upgrade
  std::unique_ptr<http::Request> asked_;     // the upgrade request's head as received
  std::string out_;
  std::uint64_t sent_ = 0;  // bytes of the current response
  bool keep_alive_ = true;
  bool known_ = false;      // under overload: the user of the last request is known
  bool refused_ = false;    // the codec refused the request
  bool may_be_h2_ = false;  // nothing was read yet
  bool is_h2_ = false;
  Duration linger_{};  // before the connection is closed: see H1Input::linger
};

Task<std::string> H1Connection::serve() {
  may_be_h2_ = server_.prototype()->spec.http2 && !stream_.is_secure();
  membership_.on_rest([this](CoreServer::Membership::Rest) { rest(); });
  bool more = true;
  while (more) {
    more = co_await read_head();
    if (more) more = co_await answer();
  }
  membership_.on_rest(nullptr);
  if (is_h2_) co_return std::string(input_.unread());
  membership_.set_idle(true);
  if (linger_ > Duration::zero()) co_await input_.linger(linger_);
  stream_.close();
  co_return std::string();
}

// The first bytes of a request have arrived.
void H1Connection::begin() {
  if (!served_) served_ = std::make_unique<ServedExchange>(server_, stream_, membership_.memory());
  served_->begin();
  input_.start(served_->request());
  sent_ = 0;
}

// A connection idle for long keeps only its pending read: it drops the buffers and the reference to
// the pipelines.
void H1Connection::rest() {
  served_.reset();
  std::string().swap(out_);  // an assignment would keep the memory
  input_.rest();
  stream_.rest();
}

// Returns false if there is no further request: the client left, was idle for too long, or sent a
// request that was refused here (RFC 9112 section 9.6: the connection then ends).
Task<bool> H1Connection::read_head() {
  // A connection accepted during a drain may still send its first request.
  const bool first = served_ == nullptr;
  if (served_) served_->clear();
  membership_.set_idle(true);
  stream_.set_patience(server_.patience(known_));
  if (!first && !input_.has_bytes() && server_.draining()) co_return false;
  const bool came = co_await input_.wait(server_.prototype()->spec.keep_alive_timeout);
  if (!came) co_return false;
  membership_.set_idle(false);
  stream_.set_patience(net::Stream::kAtHand);
  begin();
  if (std::exchange(may_be_h2_, false) && input_.may_become(http::h2::kPreface)) {
    is_h2_ = co_await input_.becomes(http::h2::kPreface, served_->spec().head_timeout);
    if (is_h2_) co_return false;
  }
  const H1Input::Head head = co_await input_.read_head(served_->spec().head_timeout);
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
    case H1Input::Head::no_memory:
      served_->note_refusal(observe::Limit::memory_heads);
      co_await refuse_with(503, "");
      break;
    case H1Input::Head::timed_out:
      co_await refuse_with(408, "timed out reading the head");
      break;
  }
  co_return false;
}

Task<void> H1Connection::refuse_with(int status, std::string tag) {
  served_->refuse(status, std::move(tag));
  keep_alive_ = false;
  refused_ = true;
  co_await write_response();
}

// Serves a request from its complete head to the sent response. Returns false if the connection
// must end.
Task<bool> H1Connection::answer() {
  served_->head_complete(input_.received());
  if (membership_.superseded()) {  // RFC 9110 section 15.5.20: the client may come again
    co_await refuse_with(421, "refused: the connection was made before more was asked for");
    co_return false;
  }
  input_.set_body_patience(served_->spec().body_timeout);
  keep_alive_ = input_.parser().keep_alive() && served_->spec().keep_alive && !leaving();
  const int status = co_await dispatch();
  known_ = served_->is_known();
  if (status < 0) {  // the client has left
    served_->record(499, input_.received(), sent_);
    co_return false;
  }
  served_->respond(status);
  if (leaving()) keep_alive_ = false;
  early_.close();
  const bool there = co_await finish_early();
  if (!there) {
    served_->record(499, input_.received(), sent_);
    co_return false;
  }
  co_return co_await write_response();
}

// Returns false if the client accepts no more bytes.
Task<bool> H1Connection::finish_early() {
  if (early_.sent() == 0) co_return true;
  sent_ += early_.sent();
  co_return co_await early_.finish();
}

// Returns 0 if the pipeline made the response, a status > 0 to send instead, or < 0 if the client
// left.
Task<int> H1Connection::dispatch() {
  asked_.reset();
  if (!input_.parser().upgrade().empty()) {
    asked_ = std::make_unique<http::Request>();
    asked_->copy_head(served_->request());
  }
  if (const int status = served_->route(); status != 0) co_return status;
  if (!input_.finished()) {
    const auto length = input_.parser().content_length();
    if (const int status = served_->check_body(length); status != 0) co_return status;
    if (input_.parser().expects_continue()) {
      const auto sent = co_await stream_.write_all("HTTP/1.1 100 Continue\r\n\r\n");
      if (!sent) co_return -1;
    }
    const int status = co_await served_->take_body(http::Body(input_.body(), length));
    if (status != 0) co_return status;
  }
  offer_upgrade();
  open_early_output();
  const bool done =
      co_await watched(stream_, early_, EarlyOutput::Question::status_line, served_->run());
  if (!done) co_return -1;
  co_return served_->outcome();
}

// While the client still sends its body, it has at least bodyTimeout to receive early output.
void H1Connection::open_early_output() {
  const auto& spec = served_->spec();
  const Duration patience =
      input_.finished() ? spec.write_timeout : std::max(spec.write_timeout, spec.body_timeout);
  early_.open(served_->request().version != http::Version::http10, patience);
  served_->exchange().set_interim(&early_);
}

// Passes the upgrade to the filters; Proxy uses it. A server may ignore it (RFC 9110 section 7.8).
void H1Connection::offer_upgrade() {
  upgraded_.reset();
  const std::string_view upgrade = input_.parser().upgrade();
  if (input_.parser().has_body() || server_.draining() || !may_upgrade(upgrade)) return;
  if (served_->method() == "HEAD") return;
  upgraded_ = std::make_shared<UpgradedInput>(input_, worker_.core().loop);
  served_->request().upgrade = upgrade;
  served_->request().upgraded = upgraded_;
}

bool H1Connection::is_upgraded() const {
  const http::Response& response = *served_->exchange().client_response();
  const auto chosen = response.headers.get("Upgrade");
  return upgraded_ && chosen && response.body.is_stream() &&
         is_offered(input_.parser().upgrade(), *chosen);
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
    served_->respond(502);
  }
  http::Response& response = *served_->exchange().client_response();
  const http::Request& request = served_->request();
  keep_alive_ = may_go_on();
  const Framing framing = http::h1::response_framing(response, served_->method(), request.version,
                                                     request.wants_trailers);
  if (framing == Framing::until_close) keep_alive_ = false;
  out_.clear();
  http::h1::append_response_head(out_, response,
                                 {.keep_alive = keep_alive_,
                                  .version = request.version,
                                  .framing = framing,
                                  .length = response.body.length().value_or(0),
                                  .date = worker_.date()});
  early_.trim(out_);
  const bool with_body = framing != Framing::none && served_->method() != "HEAD";
  bool sent = true;
  if (with_body && response.body.is_stream()) {
    sent = co_await write_stream(response, framing);
  } else {
    sent = co_await write_whole(with_body ? &response.body : nullptr, framing);
  }
  served_->record(response.status, input_.received(), sent_);
  if (!sent || !keep_alive_) {
    if (sent) stream_.shutdown_write();
    if (sent) linger_ = linger_time();
    co_return false;
  }
  if (input_.finished()) co_return true;
  co_return co_await input_.skip_body();
}

// Writes out_ and then the body; null: no body.
Task<bool> H1Connection::write_whole(const http::Body* body, Framing framing) {
  const std::string_view bytes = body != nullptr ? body->bytes() : std::string_view();
  std::string tail;
  if (body != nullptr && framing == Framing::chunked) {
    if (!bytes.empty()) {
      http::h1::append_chunk_size(out_, bytes.size());
      tail = "\r\n";
    }
    http::h1::append_last_chunk(tail, body->trailers());
  }
  const bool joined = bytes.size() <= kJoinBytesMax;
  if (joined) out_.append(bytes).append(tail);
  bool sent = co_await flush();
  if (joined || !sent) co_return sent;
  sent_ += bytes.size();
  sent = co_await write(bytes);
  if (tail.empty() || !sent) co_return sent;
  out_ += tail;
  co_return co_await flush();
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
  out_.clear();
  http::h1::append_response_head(out_, response,
                                 {.framing = Framing::none,
                                  .date = worker_.date(),
                                  .upgrade = *response.headers.get("Upgrade")});
  early_.trim(out_);
  membership_.on_rest(nullptr);
  membership_.set_idle(true);
  membership_.on_update([this](const ServerPrototype& now) { return may_stay(now); });
  membership_.set_kept();
  bool more = co_await flush();
  upgraded_->open(patience);
  while (more) {
    stream_.set_deadline(Clock::now() + patience);
    const auto bytes = co_await response.body.reader()->read();
    if (!bytes || bytes->empty()) break;
    sent_ += bytes->size();
    more = co_await write(*bytes);
  }
  membership_.on_update(nullptr);
  served_->record(response.status, input_.received(), sent_);
  response.body.clear();
  stream_.shutdown_write();
  if (more) linger_ = kLingerUploadTimeout;
}

// Returns false if the client left or receives too slowly.
Task<bool> H1Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kProgressBytes);
    bytes.remove_prefix(part.size());
    stream_.set_deadline(Clock::now() + served_->spec().write_timeout);
    const auto written = co_await stream_.write_all(part);
    if (!written) co_return false;
  }
  co_return true;
}

// Writes out_, as write() does.
Task<bool> H1Connection::flush() {
  sent_ += out_.size();
  const bool written = co_await write(out_);
  out_.clear();
  co_return written;
}

Task<bool> H1Connection::write_stream(http::Response& response, Framing framing) {
  using Question = EarlyOutput::Question;
  const Question question = framing == Framing::chunked ? Question::chunk : Question::none;
  while (true) {
    Result<std::string_view> chunk;
    auto reading = watched(stream_, early_, question, read_into(*response.body.reader(), chunk));
    reading.start();
    if (!reading.done() && !out_.empty()) {  // the head does not wait for a slow body
      const bool written = co_await flush();
      if (!written) co_return false;
    }
    bool there = co_await reading;
    if (there) there = co_await finish_early();
    if (!there) co_return false;
    if (!chunk) {  // cut short: no last chunk, no further request
      served_->exchange().add_tag("response body: " + chunk.error().message);
      keep_alive_ = false;
      co_await flush();
      co_return false;
    }
    const bool last = chunk->empty();
    if (framing == Framing::chunked) {
      if (last) {
        auto trailers = response.body.reader()->take_trailers();
        if (!served_->request().wants_trailers) trailers.reset();
        http::h1::append_last_chunk(out_, trailers.get());
      } else {
        http::h1::append_chunk(out_, *chunk);
      }
    } else {
      out_ += *chunk;
    }
    const bool written = co_await flush();
    if (!written) co_return false;
    if (last) co_return true;
  }
}

}  // namespace

Task<std::string> serve_h1(CoreServer& server, CoreServer::Membership& membership,
                           net::Stream& stream) {
  H1Connection connection(server, membership, stream);
  co_return co_await connection.serve();
}

}  // namespace sluice::server
