// SPDX-License-Identifier: Apache-2.0
#include "server/core_server.h"

#include <utility>

#include "net/proxy_header.h"
#include "net/tls/tls_stream.h"
#include "server/h1_connection.h"
#include "server/h2_connection.h"
#include "server/limits.h"
#include "server/watched.h"

namespace sluice::server {
namespace {

// The time for the first request on a connection that was accepted while the server drains.
constexpr std::chrono::seconds kFirstWordPatience{1};

http::Cause cause_of_handshake(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::timed_out:
      return http::Cause::tls_timeout;
    case ErrorKind::not_found:
      return http::Cause::tls_plain_http;
    case ErrorKind::forbidden:
      return http::Cause::tls_client_certificate;
    default:
      return http::Cause::tls_failed;
  }
}

}  // namespace

CoreServer::CoreServer(CoreContext& core, std::shared_ptr<const ServerPrototype> prototype)
    : on_core_(core.loop()),
      context_(core, std::move(prototype)),
      connections_(core.loop().memory(), *context_.prototype()) {
  if (core.core().index == 0) overload_notes_.emplace(overload_sums().shed);
}

std::size_t CoreServer::tick() {
  context_.overload().tick();
  if (overload_notes_) {
    if (const auto line = overload_notes_->tick(Clock::now(), overload_sums(), spec()))
      core().logger().warn(*line);
    const std::uint32_t taken = prototype().counters->places->taken();
    if (const auto line = places_notes_.tick(Clock::now(), taken, spec()))
      core().logger().warn(*line);
  }
  pace_accepting();
  const std::size_t given_back = connections_.tick();
  if (core().memory_pressure().sheds(Pressure::idle)) {
    connections_.shed_idle([this] {
      context_.note_refusal(observe::Limit::memory_idle);
      context_.count(http::Cause::memory_idle);
    });
  }
  return given_back;
}

OverloadSums CoreServer::overload_sums() const {
  return sum_overload(prototype().counters->overload, spec().overload);
}

void CoreServer::update(std::shared_ptr<const ServerPrototype> prototype) {
  on_core_.here();
  if (context_.update(std::move(prototype))) {
    for (const auto& acceptor : acceptors_) set_patience(*acceptor);
  }
  connections_.update(*context_.prototype());
  wake_waiters();
  if (!spec().http2 || !spec().keep_alive) connections_.retire();
}

void CoreServer::wake_waiters() { prototype().counters->places->wake_all(core().core().index); }

// --- Accepting

// Under overload, bounds the kernel's backlog to the connections that the core accepts in time.
void CoreServer::pace_accepting() {
  const int wanted = context_.overload().backlog(std::exchange(accepted_, 0U), Clock::now());
  if (wanted == std::exchange(backlog_, wanted)) return;
  for (const auto& acceptor : acceptors_) {
    acceptor->set_backlog(wanted);
    acceptor->set_batch(wanted < net::kBacklog ? kOverloadedAccepts : net::Acceptor::kBatch);
  }
}

// To find out whether a user is known, the core has to read the request. Many clients that have
// waited this long have left. So a late connection gets a cheap fixed answer, which leaves time for
// newer ones.
void CoreServer::set_patience(net::Acceptor& acceptor) {
  acceptor.set_patience(context_.overload().accept_patience(), [this] { return late_answer(); });
}

// Returns the answer to a connection that has waited in the kernel for too long. Without overload,
// the connection has waited for a process to start, or for the machine, and is served.
std::optional<std::string> CoreServer::late_answer() {
  Overload& overload = context_.overload();
  if (!overload.is_on(Clock::now())) return std::nullopt;
  overload.note_shed();
  context_.count(http::Cause::overload_late);
  if (prototype().tls || spec().proxy_protocol) return "";
  return "HTTP/1.1 503 Service Unavailable\r\nRetry-After: " +
         std::to_string(overload.retry_after()) +
         "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
}

void CoreServer::listen(std::vector<net::Listener> listeners) {
  on_core_.here();
  if (!acceptors_.empty()) connections_.retire();
  stop_accepting();
  for (net::Listener& listener : listeners) {
    acceptors_.push_back(std::make_shared<net::Acceptor>(loop(), std::move(listener)));
    set_patience(*acceptors_.back());
    loop().spawn(accept_loop(shared_from_this(), acceptors_.back()));
  }
}

void CoreServer::stop_accepting() {
  for (const auto& acceptor : acceptors_) acceptor->close();
  acceptors_.clear();
  wake_waiters();  // the server may drain
}

Task<void> CoreServer::accept_loop(std::shared_ptr<CoreServer> self,
                                   std::shared_ptr<net::Acceptor> acceptor) {
  while (true) {
    auto stream = co_await acceptor->accept();
    if (!stream) {
      if (stream.error().kind == ErrorKind::closed) co_return;
      self->core().logger().warn("server " + self->spec().name +
                                 ": accept: " + stream.error().message);
      continue;
    }
    ++self->accepted_;
    self->context_.connection_counts().accepted.add();
    if (self->core().memory_pressure().sheds(Pressure::connections)) {
      self->context_.note_refusal(observe::Limit::memory_connections);
      self->context_.note_closed(http::Cause::memory_connections, (*stream)->peer_address());
      continue;
    }
    const bool placed = co_await self->await_place(**stream);
    if (placed) self->loop().spawn(admit(self, *std::move(stream)));
  }
}

// Only one accepted connection waits here. The others stay in the kernel's queue, where they cost
// nothing.
Task<bool> CoreServer::await_place(net::Stream& stream) {
  const std::shared_ptr<Places> places = prototype().counters->places;
  while (!places->take(spec().max_connections)) {
    if (context_.draining()) co_return false;
    const Connections::Member waiting(connections_, stream);
    const bool here =
        co_await unless_closed(stream, places->wait(core().core(), spec().max_connections));
    if (!here && !context_.draining())
      context_.note_closed(http::Cause::no_place, stream.peer_address(), "all are taken");
    if (!here) co_return false;
  }
  co_return true;
}

// --- Admission

// A trusted proxy carries many clients, whose limits are applied per request.
bool CoreServer::is_trusted_proxy(const PeerInfo& peer) const {
  return !spec().proxy_protocol && !prototype().trusted_proxies.empty() &&
         prototype().trusted_proxies.contains(peer.ip());
}

bool CoreServer::admit_client(const PeerInfo& peer, std::optional<ClientTable::Held>& taken) {
  if (is_trusted_proxy(peer)) return true;
  // Counted even if it may have all places: a later generation may set a limit.
  taken = prototype().counters->clients.take(peer.ip(), ClientTable::Count::connections,
                                             spec().client_connections_max(), Clock::now());
  if (!taken) {
    context_.note_refusal(observe::Limit::client_connections);
    context_.note_closed(http::Cause::client_connections, peer.address);
  }
  return taken.has_value();
}

bool CoreServer::admit_handshake(const PeerInfo& peer) {
  const std::uint32_t max = spec().client_limits.handshakes_per_second;
  if (max == 0 || is_trusted_proxy(peer)) return true;
  const Duration wait = prototype().counters->clients.admit(
      peer.ip(), ClientTable::Rate::handshakes, max, Clock::now());
  if (wait > Duration::zero()) {
    context_.note_refusal(observe::Limit::client_handshakes);
    context_.note_closed(http::Cause::client_handshakes, peer.address);
  }
  return wait == Duration::zero();
}

// A PROXY header is forgeable: accept it only from trustedProxies, if set.
Task<bool> CoreServer::accept_proxied(net::Stream& stream) {
  const router::TrustedProxies& trusted = prototype().trusted_proxies;
  if (!trusted.empty() && !trusted.contains(PeerInfo::of(stream).ip())) {
    context_.note_closed(http::Cause::proxy_untrusted, stream.peer_address());
    co_return false;
  }
  const auto accepted =
      co_await net::accept_proxy_header(stream, Clock::now() + kProxyHeaderTimeout);
  if (accepted) co_return true;
  // A check of a balancer connects, and leaves without a word.
  if (accepted.error().kind == ErrorKind::closed) co_return false;
  const bool late = accepted.error().kind == ErrorKind::timed_out;
  context_.note_closed(
      late ? http::Cause::proxy_header_timeout : http::Cause::proxy_header_malformed,
      stream.peer_address(), accepted.error().message);
  co_return false;
}

Task<void> CoreServer::admit(std::shared_ptr<CoreServer> self,
                             std::unique_ptr<net::Stream> stream) {
  ServerContext& context = self->context_;
  const Places::Place place(self->prototype().counters->places);
  const std::shared_ptr<ServerCounters> counters =
      self->prototype().counters;  // outlives `counted`
  std::optional<ClientTable::Held> counted;
  Connections::Member member(self->connections_, *stream);
  stream->set_patience(context.overload().patience(false));
  // One generation decides what the connection must show, even if another one is installed
  // meanwhile.
  const std::shared_ptr<const net::TlsContext> tls = self->prototype().tls;
  member.admit(self->prototype().admission);
  if (self->spec().proxy_protocol) {
    const bool proxied = co_await self->accept_proxied(*stream);
    if (!proxied) co_return;
  }
  if (!self->admit_client(PeerInfo::of(*stream), counted)) co_return;
  if (tls) {
    if (!self->admit_handshake(PeerInfo::of(*stream))) co_return;
    member.add_state(kTlsStateBytes);
    const std::string address = stream->peer_address();
    auto secured = co_await net::accept_tls(self->loop(), std::move(stream), tls,
                                            Clock::now() + kTlsHandshakeTimeout);
    (secured ? context.connection_counts().handshakes
             : context.connection_counts().failed_handshakes)
        .add();
    if (!secured) {
      context.note_closed(cause_of_handshake(secured.error().kind), address,
                          secured.error().message);
      co_return;
    }
    stream = *std::move(secured);
    member.set_stream(*stream);
  }
  std::string preface;
  const bool chosen = stream->protocol() == "h2";
  if (!chosen) preface = co_await serve_h1(context, member, *stream);
  if (chosen || !preface.empty()) co_await serve_h2(context, member, *stream, std::move(preface));
}

void CoreServer::adopt(std::unique_ptr<net::Stream> stream, Admission shown) {
  on_core_.here();
  loop().spawn(serve_adopted(shared_from_this(), std::move(stream), std::move(shown)));
}

Task<void> CoreServer::serve_adopted(std::shared_ptr<CoreServer> self,
                                     std::unique_ptr<net::Stream> stream, Admission shown) {
  Connections::Member member(self->connections_, *stream);
  member.admit(std::make_shared<const Admission>(std::move(shown)));
  const std::string preface = co_await serve_h1(self->context_, member, *stream);
  (void)preface;  // the other process speaks HTTP/1.1
}

// --- The end

void CoreServer::drain() {
  on_core_.here();
  if (!context_.drain()) return;
  for (const auto& acceptor : acceptors_) acceptor->finish();
  acceptors_.clear();
  wake_waiters();
  connections_.retire();
  connections_.close_idle();
  loop().spawn(close_silent(shared_from_this()));
}

// Gives connections from the kernel's queue a moment for their first request, then closes idle
// ones.
Task<void> CoreServer::close_silent(std::shared_ptr<CoreServer> self) {
  co_await self->loop().sleep_for(kFirstWordPatience);
  self->connections_.close_idle();
}

void CoreServer::retire() {
  on_core_.here();
  context_.retire();
  stop_accepting();
  connections_.retire();
}

void CoreServer::close_all() {
  on_core_.here();
  context_.close();
  connections_.close_all();
}

}  // namespace sluice::server
