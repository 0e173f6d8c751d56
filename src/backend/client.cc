// SPDX-License-Identifier: Apache-2.0
#include "backend/client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backend/h1_channel.h"
#include "backend/h2_channel.h"
#include "backend/response_body.h"

namespace sluice::backend {

namespace {

// Of one exchange, for requests that no backend can have acted on.
constexpr int kRepeatsMax = 3;

// RFC 9110 section 9.2.2: a proxy must not repeat other requests by itself.
bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods = {"GET",    "HEAD",    "PUT",
                                                        "DELETE", "OPTIONS", "TRACE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

std::vector<std::shared_ptr<ConnectionGate>> gates_of(const ServerStates& states) {
  std::vector<std::shared_ptr<ConnectionGate>> gates;
  for (const auto& state : states) gates.push_back(state->gate);
  return gates;
}

Failure failure_of(Stage stage, ErrorKind kind, std::string message) {
  return {stage, {kind, std::move(message)}};
}

}  // namespace

Client::Client(const loop::Core& core, std::shared_ptr<const Servers> servers, ServerStates states,
               const ClientOptions& options)
    : core_(core),
      servers_(std::move(servers)),
      states_(std::move(states)),
      queue_timeout_(options.queue_timeout),
      silence_max_(options.silence_max),
      idle_for_max_(options.pool.idle_max > 0 ? options.pool.idle_for_max : Duration::zero()),
      pool_(std::make_shared<Pool>(core, gates_of(states_), options.pool)) {
  for (std::size_t i = 0; i < servers_->size(); ++i) {
    const Server& server = (*servers_)[i];
    connectors_.push_back(
        std::make_unique<Connector>(core, server, options.connector, states_[i]->addresses));
    h2_.push_back(std::make_shared<H2Server>());
    h2_.back()->spoken = server.http2;
  }
}

Client::~Client() {
  for (const auto& server : h2_) {
    for (const auto& connection : server->connections) connection->retire();
  }
}

// A connection to a server that speaks HTTP/2 is being made. However that ends, those who wait
// learn of it.
class Client::Connecting {
 public:
  Connecting(loop::EventLoop& loop, std::shared_ptr<H2Server> server)
      : loop_(loop), server_(std::move(server)) {
    server_->connecting = true;
  }
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;
  ~Connecting() {
    server_->connecting = false;
    const auto waiting = std::exchange(server_->waiting, {});
    for (const auto& slot : waiting) loop_.post([slot] { slot->set(true); });
  }

 private:
  loop::EventLoop& loop_;
  std::shared_ptr<H2Server> server_;
};

Task<void> Client::await_connecting(const Call& call) {
  net::OneShot<bool> over;
  h2_[call.server]->waiting.push_back(over.slot());
  loop::EventLoop::Timer timer;
  if (call.deadline != TimePoint::max()) {
    timer = {core_.loop, call.deadline, [slot = over.slot()] { slot->set(false); }};
  }
  (void)co_await over;
}

std::unique_ptr<Channel> Client::take_stream(std::size_t server, TimePoint since) {
  auto& connections = h2_[server]->connections;
  if (connections.empty()) return nullptr;
  std::erase_if(connections, [](const auto& connection) { return !connection->open(); });
  const TimePoint now = loop::EventLoop::now();
  for (const auto& connection : connections) {
    if (!connection->accepts() || connection->made_at() < since) continue;
    if (connectors_[server]->is_current(connection->endpoint(), now)) {
      return std::make_unique<H2Channel>(connection, silence_max_, true);
    }
    connection->retire();
  }
  return nullptr;
}

Task<Outcome<void>> Client::exchange(const Call& call, http::Request& request,
                                     http::Response& response) {
  const InFlight in_flight(*states_[call.server], core_.index);
  int repeats = request.body.is_stream() ? 0 : kRepeatsMax;
  TimePoint since = kAnyAge;
  const Target target{call.host, (*servers_)[call.server].path};
  const bool keep_body = call.body_bytes_max < 0;
  std::unique_ptr<Channel> channel;
  while (true) {
    auto opened = co_await open(call, since);
    if (!opened) co_return std::unexpected(std::move(opened).error());
    channel = std::move(*opened);
    channel->set_deadline(call.deadline);
    auto started = co_await channel->start(request, target, keep_body, response);
    if (started) break;
    const Fate fate = channel->fate(started.error());
    const bool dead = fate == Fate::unanswered && since == kAnyAge && is_idempotent(request.method);
    const bool harmless = dead || fate == Fate::unprocessed;
    if (!harmless || repeats-- == 0) co_return std::unexpected(std::move(started).error());
    if (dead) since = loop::EventLoop::now();
    channel.reset();
  }
  co_return co_await finish(call, std::move(channel), request.method, response);
}

std::unique_ptr<Channel> Client::take_kept(std::size_t server, TimePoint since) {
  if (auto stream = take_stream(server, since)) return stream;
  if (since != kAnyAge) return nullptr;
  while (auto kept = pool_->take(server)) {
    const TimePoint now = loop::EventLoop::now();
    if (!connectors_[server]->is_current(kept->endpoint(), now)) continue;
    return std::make_unique<H1Channel>(pool_, server, std::move(kept), true);
  }
  return nullptr;
}

Task<Outcome<std::unique_ptr<Channel>>> Client::open(const Call& call, TimePoint since) {
  ConnectionGate& gate = *states_[call.server]->gate;
  const H2Server& h2 = *h2_[call.server];
  if (h2.spoken && h2.connecting) {
    if (auto kept = take_kept(call.server, since)) co_return kept;
    co_await await_connecting(call);
  }
  if (!gate.has_queue(core_.index)) {
    if (auto kept = take_kept(call.server, since)) co_return kept;
    if (auto pass = gate.try_pass(core_)) co_return co_await connect(call, std::move(*pass));
  }
  co_return co_await queue_up(call, since);
}

Task<Outcome<std::unique_ptr<Channel>>> Client::queue_up(const Call& call, TimePoint since) {
  ConnectionGate& gate = *states_[call.server]->gate;
  const TimePoint deadline = std::min(call.deadline, loop::EventLoop::now() + queue_timeout_);
  std::optional<ConnectionGate::Pass> pass;
  {
    ConnectionGate::Place place(gate, core_);
    if (place.refused()) {
      co_return std::unexpected(
          failure_of(Stage::queue, ErrorKind::unavailable, "the queue for a connection is full"));
    }
    while (true) {
      if (auto kept = take_kept(call.server, since)) co_return kept;
      if (since != kAnyAge) (void)pool_->take(call.server);  // makes room for a new one
      pass = gate.try_pass(core_);
      if (pass) break;
      const bool woken = co_await place.wait(deadline);
      if (!woken) {
        co_return std::unexpected(failure_of(Stage::queue, ErrorKind::timed_out,
                                             "waited too long for a free connection"));
      }
    }
  }
  co_return co_await connect(call, std::move(*pass));
}

Task<Outcome<std::unique_ptr<Channel>>> Client::connect(const Call& call,
                                                        ConnectionGate::Pass pass) {
  const std::shared_ptr<H2Server> h2 = h2_[call.server];
  std::optional<Connecting> connecting;
  if (h2->spoken && !h2->connecting) connecting.emplace(core_.loop, h2);
  auto link = co_await connectors_[call.server]->connect(call.deadline);
  if (!link) {
    Failure failure{Stage::connect, std::move(link).error()};
    co_return std::unexpected(std::move(failure));
  }
  const Server& server = (*servers_)[call.server];
  h2->spoken = server.secure ? link->stream->protocol() == "h2" : server.http2;
  if (!h2->spoken) {
    auto connection = std::make_unique<Connection>(std::move(link->stream), silence_max_,
                                                   std::move(link->endpoint), std::move(pass));
    co_return std::make_unique<H1Channel>(pool_, call.server, std::move(connection), false);
  }
  H2Options options;
  options.idle_for_max = idle_for_max_;
  options.silence_max = silence_max_;
  auto connection =
      std::make_shared<H2Connection>(core_, std::move(link->stream), std::move(link->endpoint),
                                     std::move(pass), states_[call.server]->gate, options);
  auto channel = std::make_unique<H2Channel>(connection, silence_max_, false);
  connection->start();
  h2->connections.push_back(std::move(connection));
  co_return channel;
}

Task<Outcome<void>> Client::finish(const Call& call, std::unique_ptr<Channel> channel,
                                   std::string_view method, http::Response& response) {
  const auto length = channel->content_length();
  const bool streams = call.body_bytes_max < 0 || response.status == 101;
  if (streams && channel->has_body()) {
    channel->set_deadline(TimePoint::max());
    response.body = http::Body(
        std::make_unique<ResponseBody>(std::move(channel), states_[call.server], core_.index),
        length);
    co_return Outcome<void>();
  }
  const auto bytes_max = static_cast<std::uint64_t>(std::max<std::int64_t>(call.body_bytes_max, 0));
  auto whole = co_await read_whole(*channel, bytes_max);
  if (!whole) co_return std::unexpected(std::move(whole).error());
  auto trailers = channel->take_trailers();
  channel.reset();
  if (method == "HEAD" && length) {
    response.body = http::Body(std::make_unique<AnnouncedBody>(), length);
  } else {
    response.body.assign(std::move(*whole));
    response.body.set_trailers(std::move(trailers));
  }
  co_return Outcome<void>();
}

}  // namespace sluice::backend
