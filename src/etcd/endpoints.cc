// SPDX-License-Identifier: Apache-2.0
#include "etcd/endpoints.h"

#include <algorithm>
#include <utility>

#include "base/host_port.h"
#include "etcd/grpc_frames.h"

namespace sluice::etcd {
namespace {

constexpr std::string_view kDefaultPort = ":2379";
// An endpoint that has failed is tried after the others for this long.
constexpr Duration kFailedFor = std::chrono::seconds(5);
// Copies that the endpoint has certainly not processed are sent again, each on a new connection or
// with a new token.
constexpr int kRefusedMax = 3;
// An endpoint that is cut off from its peers would answer it after seconds.
constexpr Method kAuthenticate{"/etcdserverpb.Auth/Authenticate", true, false, true, false};

Result<backend::Server> parse_endpoint(std::string_view text, bool secure) {
  std::string url(text);
  if (!url.contains("://")) url = (secure ? "https://" : "http://") + url;
  const std::size_t start = url.find("://") + 3;
  const HostPort parts = split_host_port(std::string_view(url).substr(start));
  if (parts.rest.empty()) url += kDefaultPort;
  SLUICE_TRY(backend::Server server, backend::parse_server_url(url));
  if (!server.path.empty())
    return fail(ErrorKind::invalid, "etcd-endpoints: \"" + url + "\" must not have a path");
  server.url = text;
  return server;
}

// Like call.receive(), also without a byte of the answer for `patience`.
Task<GrpcCall::Received> receive(loop::EventLoop& loop, GrpcCall& call, TimePoint deadline,
                                 Duration patience) {
  bool had_a_turn = false;
  while (true) {
    const TimePoint until = std::min(deadline, call.heard_at() + patience);
    const auto received = co_await call.receive(until);
    if (received != GrpcCall::Received::nothing) co_return received;
    const TimePoint now = loop::EventLoop::now();
    const bool waits = now < deadline && now < call.heard_at() + patience;
    if (!waits && std::exchange(had_a_turn, true)) co_return received;
    if (!waits) co_await loop.yield();  // reads what has arrived while this process stood still
  }
}

// `received`: after the first message, if there was one (`has_answer`).
CallEnd end_of(const GrpcCall& call, GrpcCall::Received received, bool has_answer) {
  if (received == GrpcCall::Received::nothing) return {Status::deadline_exceeded, "took too long"};
  const bool one = received == GrpcCall::Received::end && has_answer;
  if (one || (received == GrpcCall::Received::end && call.end().status != Status::ok))
    return call.end();
  return {Status::internal, "the answer is not one message"};
}

// The words of net::resolve(), which has more time than a call.
std::string late_look_up(const std::string& host) {
  return "looking up " + host + " took too long";
}

std::string_view advice_for_unsent(const Error& error) {
  if (error.message.starts_with("looking up") || error.message.starts_with("cannot look up"))
    return ": check the name, and the name servers of this machine";
  if (error.kind != ErrorKind::invalid) return ": check that it runs and can be reached";
  // With TLS 1.3, an alert of etcd.
  const bool refuses_ours =
      error.message.contains("alert") &&
      (error.message.contains("certificate") || error.message.contains("unknown ca"));
  return refuses_ours ? ": etcd refuses this client's certificate, or wants one: check "
                        "etcd-cert-file and etcd's --trusted-ca-file"
                      : ": check etcd-ca-file, and that it speaks TLS";
}

// The advice in the error of an endpoint, after ": ", if each endpoint would fail like this one.
std::string_view advice_for_all(const CallFailure& failure, const std::string& name) {
  const bool may_be_it_alone =
      failure.error.kind != ErrorKind::invalid &&
      (failure.status == Status::unavailable || failure.status == Status::deadline_exceeded);
  const std::string_view text = failure.error.message;
  const std::size_t said = text.find(failure.reason, text.find(name) + name.size());
  return may_be_it_alone || said == text.npos ? "" : text.substr(said + failure.reason.size());
}

std::string advice_for_denied(const Options& options) {
  std::string text = ": grant ";
  text += options.user.empty() ? "etcd's user (the common name of the client certificate)"
                               : "etcd's user `" + options.user + "`";
  text += " a role that may read and write the prefix";
  if (!options.keys.empty()) text += " `" + options.keys + "` (etcd-prefix and a slash)";
  return text;
}

}  // namespace

Endpoints::Place::Place(const loop::Core& core, backend::Server its_server,
                        const backend::ConnectorOptions& connector_options,
                        std::shared_ptr<backend::KnownAddresses> known)
    : server(std::move(its_server)),
      connector(core, server, connector_options, std::move(known)),
      dialled(core.loop) {}

Endpoints::Endpoints(const loop::Core& core, Options options)
    : core_(core),
      on_core_(core.loop),
      options_(std::move(options)),
      denied_advice_(advice_for_denied(options_)),
      authentication_(core.loop) {}

Result<std::shared_ptr<Endpoints>> Endpoints::make(const loop::Core& core, Options options) {
  if (options.endpoints.empty() || options.endpoints.size() > kEndpointsMax) {
    return fail(ErrorKind::invalid,
                "etcd needs 1 to " + std::to_string(kEndpointsMax) + " endpoints");
  }
  options.keep_alive_period = std::max(options.keep_alive_period, kKeepAliveMin);
  const std::shared_ptr<Endpoints> made(new Endpoints(core, std::move(options)));
  backend::ConnectorOptions connector;
  connector.connect_timeout = connector.handshake_timeout = made->options_.dial_max;
  connector.tls = made->options_.tls;
  for (const std::string& text : made->options_.endpoints) {
    SLUICE_TRY(backend::Server server, parse_endpoint(text, connector.tls != nullptr));
    if (server.secure && !connector.tls)
      return fail(ErrorKind::invalid, "etcd-endpoints: \"" + text + "\" needs TLS settings");
    auto known = made->options_.addresses ? made->options_.addresses->of(server.host)
                                          : std::make_shared<backend::KnownAddresses>();
    made->places_.push_back(
        std::make_unique<Place>(core, std::move(server), connector, std::move(known)));
  }
  return made;
}

Endpoints::~Endpoints() { close(); }

void Endpoints::close() {
  closed_ = true;
  for (const auto& place : places_) {
    if (place->connection) place->connection->close("the client is closed");
  }
}

const std::string& Endpoints::name_of(EndpointIndex index) const {
  return places_.at(index)->server.url;
}

// --- The choice of the endpoint

std::vector<EndpointIndex> Endpoints::order(EndpointIndex avoid) const {
  std::vector<EndpointIndex> order;
  const TimePoint now = loop::EventLoop::now();
  const auto works = [&](EndpointIndex index) {
    const TimePoint failed_at = places_[index]->failed_at;
    return failed_at == TimePoint{} || failed_at + kFailedFor <= now;
  };
  for (EndpointIndex i = 0; i < count(); ++i) order.push_back((current_ + i) % count());
  std::ranges::stable_partition(order, works);
  std::ranges::stable_partition(order, [&](EndpointIndex index) { return index != avoid; });
  return order;
}

void Endpoints::note_failure(EndpointIndex index) {
  Place& place = *places_[index];
  place.failed_at = loop::EventLoop::now();
  // Its name may stand for several members of etcd: the next call connects to another address.
  if (!place.server.has_ip_host && place.connection) place.connection->retire();
  if (index == current_) current_ = order(index).front();
}

void Endpoints::note_success(EndpointIndex index) { places_[index]->failed_at = {}; }

// --- Connections

// A dial that another call has begun counts for this one, too.
Task<Result<std::shared_ptr<GrpcConnection>>> Endpoints::connect(EndpointIndex index,
                                                                 TimePoint deadline) {
  Place& place = *places_[index];
  const std::uint64_t before = place.dials_done;
  while (!place.connection || !place.connection->accepts()) {
    if (place.dials_done > before) co_return std::unexpected(place.error);
    if (!std::exchange(place.dials, true)) {
      core_.loop.spawn(dial(shared_from_this(), index));
      continue;
    }
    const bool in_time = co_await place.dialled.wait(deadline);
    if (in_time) continue;
    if (!place.connector.waits_for_look_up())
      co_return fail(ErrorKind::timed_out, "connecting took too long");
    co_return fail(ErrorKind::timed_out, late_look_up(place.server.host));
  }
  co_return place.connection;
}

Task<void> Endpoints::dial(std::shared_ptr<Endpoints> self, EndpointIndex index) {
  Place& place = *self->places_[index];
  place.error = {ErrorKind::unavailable, "the connection takes no calls"};
  auto connected = co_await place.connector.connect(TimePoint::max());
  if (!connected) {
    place.error = std::move(connected).error();
    if (place.server.secure && place.error.kind == ErrorKind::closed)
      place.error.message += " (does it speak TLS? else write http://)";
  } else if (place.server.secure && connected->stream->protocol() != "h2") {
    place.error = {ErrorKind::unavailable, "it offers no HTTP/2 by ALPN"};
  } else {
    const GrpcConnection::PingTimes ping_times{self->options_.keep_alive_period,
                                               self->options_.keep_alive_max};
    const auto made = std::make_shared<GrpcConnection>(self->core_.loop,
                                                       std::move(connected->stream), ping_times);
    const bool ready = co_await made->start(loop::EventLoop::now() + self->options_.dial_max);
    if (self->closed_) made->close("the client is closed");
    if (!ready) {
      place.error = {made->reason_kind(), std::string(made->reason())};
      if (!place.server.secure) place.error.message += " (does it want https://?)";
    }
    if (ready && place.connection) place.connection->retire();
    if (ready) place.connection = made;
  }
  place.dials = false;
  ++place.dials_done;
  place.dialled.notify_all();
}

// --- The token

void Endpoints::drop_token(std::uint64_t version) {
  if (version == token_version_) has_token_ = false;
}

Task<CallReply<void>> Endpoints::ensure_token(EndpointIndex index, TimePoint deadline) {
  const std::uint64_t before = authentications_done_;
  while (!has_token_) {
    const bool failed = authentications_done_ > before && !authenticated_;
    // The endpoint of another call may have failed.
    if (failed && (authenticated_.error().endpoint == index ||
                   !may_be_the_endpoint(authenticated_.error().status)))
      co_return authenticated_;
    if (!std::exchange(authenticates_, true)) {
      core_.loop.spawn(authenticate(shared_from_this(), index));
      continue;
    }
    const bool in_time = co_await authentication_.wait(deadline);
    const Error late{ErrorKind::timed_out, "took too long"};
    if (!in_time) co_return std::unexpected(unsent(index, kAuthenticate, late));
  }
  co_return CallReply<void>();
}

Task<void> Endpoints::authenticate(std::shared_ptr<Endpoints> self, EndpointIndex index) {
  pb::AuthenticateRequest request;
  request.set_name(self->options_.user);
  request.set_password(self->options_.password.text());
  const std::string framed = frame_of(request);
  // Calls to the other endpoints wait for it.
  const Duration longest =
      self->count() > 1 ? self->options_.read_patience : self->options_.call_max;
  const TimePoint deadline = loop::EventLoop::now() + longest;
  const auto reply = co_await self->call_at(index, kAuthenticate, framed, deadline);
  pb::AuthenticateResponse response;
  self->authenticated_ = {};
  if (!reply && reply.error().status == Status::failed_precondition) {
    self->token_.clear();  // etcd asks for no authentication
    self->ignores_user_ = true;
  } else if (!reply) {
    CallFailure failure = reply.error();
    failure.certainty = Certainty::refused;  // the request itself was not sent
    self->authenticated_ = std::unexpected(std::move(failure));
  } else if (!decode(reply->bytes, response)) {
    self->authenticated_ = std::unexpected(
        self->failure_of(index, kAuthenticate, {Status::internal, "the answer is damaged"}, false));
  } else {
    self->token_ = response.token();
  }
  self->has_token_ = self->authenticated_.has_value();
  ++self->token_version_;
  self->authenticates_ = false;
  ++self->authentications_done_;
  self->authentication_.notify_all();
}

// --- Calls

CallFailure Endpoints::failure_of(EndpointIndex index, const Method& method, const CallEnd& end,
                                  bool may_have_acted) const {
  const bool refused = !may_have_acted || proves_no_effect(end, method.streams);
  CallFailure failure;
  failure.certainty = refused ? Certainty::refused : Certainty::unknown;
  failure.status = end.status;
  failure.endpoint = index;
  failure.reason = reason_of(end);
  failure.error = error_of(end, name_of(index), denied_advice_);
  return failure;
}

CallFailure Endpoints::unsent(EndpointIndex index, const Method& method, const Error& error) const {
  const std::string_view advice = advice_for_unsent(error);
  const CallEnd end{Status::unavailable, error.message + std::string(advice)};
  CallFailure failure = failure_of(index, method, end, false);
  failure.error.kind = error.kind;
  failure.reason = error.message;
  return failure;
}

Task<CallReply<std::unique_ptr<GrpcCall>>> Endpoints::open(EndpointIndex index, Method method,
                                                           TimePoint deadline, Duration timeout) {
  on_core_.here();
  const auto connection = co_await connect(index, deadline);
  if (!connection) co_return std::unexpected(unsent(index, method, connection.error()));
  if (method.with_token && has_user()) {
    auto token = co_await ensure_token(index, deadline);
    if (!token) co_return std::unexpected(std::move(token).error());
  }
  auto call = std::make_unique<GrpcCall>(*connection, kMessageBytesMax);
  GrpcHead head;
  head.path = method.path;
  head.authority = places_[index]->server.authority;
  if (method.with_token) head.token = token_;
  head.timeout = timeout;
  head.needs_leader = method.needs_leader;
  if (!call->open(head)) {
    const Error error{ErrorKind::unavailable, "the connection takes no more calls"};
    co_return std::unexpected(unsent(index, method, error));
  }
  co_return std::move(call);
}

struct Endpoints::Attempt {
  CallReply<EndpointAnswer> reply;
  std::uint64_t token_version = 0;
  bool stale_token = false;
  bool unprocessed = false;  // by a server that was reached
};

Task<Endpoints::Attempt> Endpoints::attempt(EndpointIndex index, Method method,
                                            std::string_view framed, TimePoint deadline,
                                            Duration patience) {
  Attempt result;
  constexpr Duration kLeast = std::chrono::milliseconds(1);
  const Duration timeout = std::max<Duration>(deadline - loop::EventLoop::now(), kLeast);
  const TimePoint opened_by = std::min(deadline, loop::EventLoop::now() + patience);
  auto opened = co_await open(index, method, opened_by, timeout);
  if (!opened) {
    result.reply = std::unexpected(std::move(opened).error());
    co_return result;
  }
  result.token_version = token_version_;
  GrpcCall& call = **opened;
  call.send(framed, true);
  std::optional<std::string> answer;
  auto received = co_await receive(core_.loop, call, deadline, patience);
  if (received == GrpcCall::Received::message) {
    answer = std::move(call.message());
    received = co_await receive(core_.loop, call, deadline, patience);
  }
  const CallEnd end = end_of(call, received, answer.has_value());
  if (end.status == Status::ok) {
    result.reply = EndpointAnswer{std::move(*answer), index};
    co_return result;
  }
  result.stale_token = is_stale_token(end);
  result.unprocessed = call.unprocessed();
  result.reply = std::unexpected(failure_of(index, method, end, call.may_have_acted()));
  co_return result;
}

Task<CallReply<EndpointAnswer>> Endpoints::call_at(EndpointIndex index, Method method,
                                                   std::string_view framed, TimePoint deadline,
                                                   Duration patience) {
  bool renewed = false;
  for (int round = 0;; ++round) {
    Attempt attempted = co_await attempt(index, method, framed, deadline, patience);
    const bool again = !attempted.reply && round < kRefusedMax &&
                       attempted.reply.error().certainty == Certainty::refused;
    const bool renews =
        again && attempted.stale_token && method.with_token && has_user() && !renewed;
    if (!renews && !(again && attempted.unprocessed)) co_return std::move(attempted.reply);
    if (renews) drop_token(attempted.token_version);
    renewed = renewed || renews;
  }
}

bool Endpoints::awaits_look_up() const {
  return std::ranges::any_of(
      places_, [](const auto& place) { return place->connector.waits_for_look_up(); });
}

std::string Endpoints::message_of(const std::vector<CallFailure>& tried,
                                  std::span<const EndpointIndex> untried) const {
  std::string text = "no endpoint of etcd can be used: ";
  std::string advices;
  for (const CallFailure& one : tried) {
    text += name_of(one.endpoint) + ": " + one.reason + "; ";
    const std::string_view advice = advice_for_all(one, name_of(one.endpoint));
    if (!advices.contains(advice)) advices += advice;
  }
  for (const EndpointIndex index : untried) text += name_of(index) + ": not asked in time; ";
  if (advices.empty()) return text + "check that a majority of etcd runs and can be reached";
  constexpr std::size_t kColon = 2;  // an advice begins with ": "
  return text + advices.substr(kColon);
}

Task<CallReply<EndpointAnswer>> Endpoints::call(Method method, std::string_view framed,
                                                CallOptions options) {
  const TimePoint begun = loop::EventLoop::now();
  const TimePoint deadline = options_.deadline_of(options, begun);
  const std::vector<EndpointIndex> in_turn = order(options.avoid);
  std::vector<CallFailure> tried;
  for (std::size_t i = 0;; ++i) {
    const EndpointIndex index = in_turn[i];
    const bool last = i + 1 == in_turn.size();
    const bool hurries = method.is_read && !last;
    const Duration patience = hurries ? options_.read_patience : kEndless;
    auto reply = co_await call_at(index, method, framed, deadline, patience);
    if (reply) {
      note_success(index);
      co_return reply;
    }
    CallFailure& failure = reply.error();
    const bool elsewhere = may_be_the_endpoint(failure.status);
    if (elsewhere) note_failure(index);
    const bool moves = elsewhere && (method.is_read || failure.certainty == Certainty::refused);
    tried.push_back(failure);
    if (moves && !last && loop::EventLoop::now() < deadline) continue;
    failure.awaits_look_up = awaits_look_up();
    if (moves && count() > 1)
      failure.error.message = message_of(tried, std::span(in_turn).subspan(i + 1));
    co_return reply;
  }
}

}  // namespace sluice::etcd
