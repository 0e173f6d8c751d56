// SPDX-License-Identifier: Apache-2.0
#include "backend/client.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "backend/h1_channel.h"
#include "backend/h2_channel.h"
#include "backend/replayed_body.h"
#include "http/announced_body.h"

namespace sluice::backend {

namespace {

// Per exchange, for requests on which no backend can have acted.
constexpr int kRepeatsMax = 3;
// The buffer of an exchange over HTTP/1.1 while its response streams.
constexpr std::size_t kStreamBytes = 16 * 1024;
// The pause before the second repeat of a refused request. Each further pause is five times as
// long.
constexpr Duration kRefusedPause = std::chrono::milliseconds(10);

// RFC 9110 section 9.2.2: a proxy must not repeat other requests on its own.
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

H2Server::Speaks may_speak(const Server& server, bool offers_http2) {
  using enum H2Server::Speaks;
  if (server.secure) return offers_http2 ? unknown : http1;
  return server.http2 ? http2 : http1;
}

Failure failure_of(Stage stage, ErrorKind kind, std::string message) {
  return {stage, {kind, std::move(message)}};
}

}  // namespace

Client::Client(const loop::Core& core, std::shared_ptr<const Servers> servers, ServerStates states,
               const ClientOptions& options)
    : core_(core),
      on_core_(core.loop),
      servers_(std::move(servers)),
      states_(std::move(states)),
      queue_timeout_(options.queue_timeout),
      silence_max_(options.silence_max),
      idle_for_max_(options.idle.max > 0 ? options.idle.for_max : Duration::zero()),
      idle_(std::make_shared<IdleConnections>(core, gates_of(states_), options.idle)) {
  for (std::size_t i = 0; i < servers_->size(); ++i) {
    const Server& server = (*servers_)[i];
    connectors_.push_back(
        std::make_unique<Connector>(core, server, options.connector, states_[i]->addresses));
    h2_.push_back(std::make_shared<H2Server>(core.loop, may_speak(server, options.offers_http2)));
  }
}

Client::~Client() {
  for (const auto& server : h2_) {
    for (const auto& connection : server->connections) connection->retire();
  }
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
  on_core_.here();
  const InFlight in_flight(*states_[call.server], core_.index);
  std::optional<ReplayedBody> replayed;  // for a streamed body
  int repeats = kRepeatsMax;
  Duration pause{};
  TimePoint since = kAnyAge;
  const Server& server = (*servers_)[call.server];
  const std::string_view host =
      call.host.empty() && request.host.empty() ? std::string_view(server.authority) : call.host;
  const http::Destination to{.host = host, .path_prefix = server.path};
  const bool keep_body = call.body_bytes_max <= 0;
  const bool streams = request.body.is_stream();
  std::unique_ptr<Channel> channel;
  while (true) {
    auto opened = co_await open(call, since);
    if (!opened) co_return std::unexpected(std::move(opened).error());
    channel = std::move(*opened);
    channel->set_deadline(call.deadline);
    channel->charge_to(call.memory);
    if (streams && !replayed && channel->may_be_refused())
      replayed.emplace(std::exchange(request.body, http::Body()));
    if (replayed) request.body = replayed->body();
    auto started = co_await channel->start(request, to, keep_body, response, call.interim);
    if (call.client_time != nullptr) *call.client_time = channel->client_time();
    if (started) break;
    const Fate fate = channel->fate(started.error());
    const bool dead =
        fate == Fate::unanswered && since == kAnyAge && is_idempotent(request.method) && !streams;
    const bool refused = fate == Fate::unprocessed && started.error().stage != Stage::request_body;
    const bool again = dead || (refused && (!streams || (replayed && replayed->may_replay())));
    if (!again || repeats-- == 0) {
      Failure failure = std::move(started).error();
      if (refused) failure.stage = Stage::refused;
      co_return std::unexpected(std::move(failure));
    }
    if (dead) since = loop::EventLoop::now();
    channel.reset();
    if (dead) continue;
    if (pause > Duration::zero()) {
      co_await core_.loop.sleep_until(std::min(loop::EventLoop::now() + pause, call.deadline));
    }
    pause = pause > Duration::zero() ? 5 * pause : kRefusedPause;
  }
  if (replayed) replayed->settle();
  co_return co_await finish(call, std::move(channel), request.method, response);
}

std::unique_ptr<Channel> Client::take_kept(std::size_t server, TimePoint since) {
  if (auto stream = take_stream(server, since)) return stream;
  if (since != kAnyAge) return nullptr;
  while (auto kept = idle_->take(server)) {
    const TimePoint now = loop::EventLoop::now();
    if (!connectors_[server]->is_current(kept->endpoint(), now)) continue;
    return std::make_unique<H1Channel>(idle_, server, std::move(kept), true);
  }
  return nullptr;
}

Task<Outcome<std::unique_ptr<Channel>>> Client::open(const Call& call, TimePoint since) {
  ConnectionGate& gate = *states_[call.server]->gate;
  H2Server& h2 = *h2_[call.server];
  while (true) {
    if (!gate.has_queue(core_.index)) {
      if (auto kept = take_kept(call.server, since)) co_return kept;
    }
    if (!h2.has_room()) break;
    auto waited = co_await h2.wait(call.deadline);
    if (!waited) co_return std::unexpected(std::move(waited).error());
    if (loop::EventLoop::now() >= call.deadline) {
      co_return std::unexpected(
          failure_of(Stage::connect, ErrorKind::timed_out, "connecting took too long"));
    }
  }
  if (!gate.has_queue(core_.index)) {
    if (auto pass = gate.try_pass(core_)) co_return co_await connect(call, std::move(*pass));
  }
  co_return co_await queue_up(call, since);
}

Task<Outcome<std::unique_ptr<Channel>>> Client::queue_up(const Call& call, TimePoint since) {
  ConnectionGate& gate = *states_[call.server]->gate;
  const TimePoint deadline = std::min(call.deadline, loop::EventLoop::now() + queue_timeout_);
  std::optional<ConnectionGate::Pass> pass;
  {
    ConnectionGate::QueueEntry entry(gate, core_);
    if (entry.refused()) {
      co_return std::unexpected(
          failure_of(Stage::queue, ErrorKind::unavailable, "the queue for a connection is full"));
    }
    while (true) {
      if (auto kept = take_kept(call.server, since)) co_return kept;
      if (since != kAnyAge) (void)idle_->take(call.server);  // makes room for a new one
      pass = gate.try_pass(core_);
      if (pass) break;
      const bool woken = co_await entry.wait(deadline);
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
  std::optional<H2Server::SetUp> set_up;
  if (h2->may_speak()) set_up.emplace(h2);
  auto connected = co_await connectors_[call.server]->connect(call.deadline);
  if (!connected) {
    Failure failure{Stage::connect, std::move(connected).error()};
    // A waiting request may have more time left than this one had.
    if (set_up && loop::EventLoop::now() < call.deadline) set_up->fail(failure);
    co_return std::unexpected(std::move(failure));
  }
  const Server& server = (*servers_)[call.server];
  const bool http2 = server.secure ? connected->stream->protocol() == "h2" : server.http2;
  h2->learn(http2);
  if (!http2) {
    auto connection =
        std::make_unique<H1Connection>(std::move(connected->stream), silence_max_,
                                       std::move(connected->endpoint), std::move(pass));
    co_return std::make_unique<H1Channel>(idle_, call.server, std::move(connection), false);
  }
  if (!set_up) set_up.emplace(h2);
  co_return begin_http2(call.server, std::move(*connected), std::move(pass), std::move(*set_up));
}

std::unique_ptr<Channel> Client::begin_http2(std::size_t server, Connector::Connected connected,
                                             ConnectionGate::Pass pass, H2Server::SetUp set_up) {
  H2Options options;
  options.idle_for_max = idle_for_max_;
  options.silence_max = silence_max_;
  auto connection = std::make_shared<H2Connection>(core_, std::move(connected.stream),
                                                   std::move(connected.endpoint), std::move(pass),
                                                   states_[server]->gate, options);
  auto channel = std::make_unique<H2Channel>(connection, silence_max_, false);
  h2_[server]->connections.push_back(connection);
  connection->start([h2 = h2_[server], set_up = std::move(set_up),
                     weak = std::weak_ptr(connection)](bool good) mutable {
    const auto self = weak.lock();
    if (good && self) h2->expect(self->streams_max());
    if (!good) {
      set_up.fail({Stage::connect,
                   {ErrorKind::closed, self ? std::string(self->reason()) : "connection closed"}});
    }
  });
  return channel;
}

http::Body Client::stream(const Call& call, std::unique_ptr<Channel> channel, std::string first,
                          int status) const {
  const auto length = channel->content_length();
  channel->set_deadline(TimePoint::max());
  ResponseBody::Origin origin{call.server, states_[call.server], core_.index, nullptr, {}};
  if (call.memory != nullptr) {
    origin.charge.emplace(call.memory);
    origin.charge->set(kStreamBytes + first.size());
  }
  // The end of a tunnel may be the client's doing.
  if (call.observer != nullptr && status != 101)
    origin.observer = call.observer->shared_from_this();
  return {std::make_unique<ResponseBody>(std::move(channel), std::move(first), std::move(origin)),
          length};
}

Task<Outcome<void>> Client::finish(const Call& call, std::unique_ptr<Channel> channel,
                                   std::string_view method, http::Response& response) {
  const auto length = channel->content_length();
  const bool has_body = channel->has_body();
  if (has_body && (call.body_bytes_max < 0 || response.status == 101)) {
    response.body = stream(call, std::move(channel), {}, response.status);
    co_return Outcome<void>();
  }
  const bool by_size = call.body_bytes_max == 0 && has_body;
  if (by_size && (!length || *length > kHeldBytesMax)) {
    std::string first;
    bool all = false;
    if (!length) {
      auto taken = channel->take_ready(first);
      if (!taken) co_return std::unexpected(std::move(taken).error());
      all = *taken;
    }
    if (all) {
      auto trailers = channel->take_trailers();
      response.body.assign(std::move(first));
      response.body.set_trailers(std::move(trailers));
    } else {
      response.body = stream(call, std::move(channel), std::move(first), response.status);
      response.body.let_be_held();
    }
    co_return Outcome<void>();
  }
  const auto bytes_max =
      by_size ? kHeldBytesMax
              : static_cast<std::uint64_t>(std::max<std::int64_t>(call.body_bytes_max, 0));
  auto whole = co_await read_whole(*channel, bytes_max, call.memory);
  if (!whole) co_return std::unexpected(std::move(whole).error());
  if (!whole->complete) {
    response.body = stream(call, std::move(channel), std::move(whole->bytes), response.status);
    co_return Outcome<void>();
  }
  auto trailers = channel->take_trailers();
  channel.reset();
  if (method == "HEAD") {  // carries no length if GET has none
    response.body = http::Body(std::make_unique<http::AnnouncedBody>(), length);
  } else {
    response.body.assign(std::move(whole->bytes));
    response.body.hold_charge(std::move(whole->charge));
    response.body.set_trailers(std::move(trailers));
  }
  co_return Outcome<void>();
}

}  // namespace sluice::backend
