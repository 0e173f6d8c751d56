// SPDX-License-Identifier: Apache-2.0
#include "server/core_server.h"

#include "base/assert.h"
#include "net/proxy_header.h"
#include "net/tls/tls_stream.h"
#include "server/h1_connection.h"
#include "server/h2_connection.h"
#include "server/limits.h"
#include "server/watched.h"
#include "server/worker.h"

namespace sluice::server {
namespace {

// The time for the first request on a connection that was accepted while the server drains.
constexpr std::chrono::seconds kFirstWordPatience{1};

constexpr unsigned kTicksBeforeRest = 2;
// The connections of one core that keep the buffers of their last request.
constexpr std::size_t kIdleLatelyMax = 512;
// This many take a few milliseconds. The rest follow at the next tick, a second later.
constexpr std::size_t kRestsAtOnceMax = 1000;
// The idle connections that one tick closes when memory is short.
constexpr std::size_t kIdleClosedAtOnceMax = 1000;

}  // namespace

CoreServer::Membership::Membership(CoreServer& server, net::Stream& stream)
    : server_(server),
      place_(
          server.connections_.insert(server.connections_.end(), {&stream, &server.connections_})),
      memory_(std::make_shared<MemoryHolder>(
          server.worker_.core().loop.memory(),
          static_cast<std::size_t>(server.prototype_->spec.connection_memory))),
      state_(*memory_, MemoryUse::connections) {
  state_.set(kConnectionStateBytes);
}

CoreServer::Membership::~Membership() {
  place_->list->erase(place_);
  ++server_.given_back_;
}

void CoreServer::Membership::set_idle(bool idle) {
  place_->idle = idle;
  place_->idle_since = server_.ticks_;
  auto& list = idle ? server_.idle_lately_ : server_.connections_;
  list.splice(list.end(), *std::exchange(place_->list, &list), place_);
  if (server_.idle_lately_.size() > kIdleLatelyMax) server_.rest_first(Rest::buffers);
}

// Has the first of the connections that became idle lately give back memory.
void CoreServer::rest_first(Membership::Rest what) {
  auto& from =
      idle_longer_.empty() || what == Membership::Rest::buffers ? idle_lately_ : idle_longer_;
  auto& to = what == Membership::Rest::buffers ? idle_longer_ : connections_;
  Membership::Entry& entry = from.front();
  entry.list = &to;
  to.splice(to.end(), from, from.begin());
  if (entry.rest) entry.rest(what);
}

std::size_t CoreServer::tick() {
  ++ticks_;
  auto& cells = prototype_->counters->overload.at(worker_.core().index);
  cells.delay_us.set(static_cast<std::uint64_t>(std::exchange(longest_wait_, Duration()) /
                                                std::chrono::microseconds(1)));
  pace_accepting();
  for (std::size_t count = 0; count < kRestsAtOnceMax; ++count) {
    const auto& list = idle_longer_.empty() ? idle_lately_ : idle_longer_;
    if (list.empty() || ticks_ - list.front().idle_since < kTicksBeforeRest) break;
    rest_first(Membership::Rest::everything);
    ++given_back_;
  }
  if (worker_.memory_pressure().sheds(Pressure::idle)) shed_idle();
  return std::exchange(given_back_, 0);
}

// Closes the connections that have been idle for longest first.
void CoreServer::shed_idle() {
  std::vector<Membership::Entry*> idle;
  for (auto* list : {&connections_, &idle_longer_, &idle_lately_}) {
    for (auto& entry : *list) {
      if (entry.idle && !entry.keep && idle.size() < kIdleClosedAtOnceMax) idle.push_back(&entry);
    }
  }
  for (Membership::Entry* entry : idle) {
    refuse(observe::Limit::memory_idle);
    entry->keep = true;  // already closing: do not choose it again
    if (entry->retirable != nullptr) {
      entry->retirable->retire();
    } else {
      entry->stream->close();
    }
  }
}

std::vector<CoreServer::Membership::Entry*> CoreServer::entries() {
  std::vector<Membership::Entry*> all;
  for (auto* list : {&connections_, &idle_lately_, &idle_longer_}) {
    for (auto& entry : *list) all.push_back(&entry);
  }
  return all;
}

void CoreServer::Membership::admit(std::shared_ptr<const Admission> shown) {
  place_->superseded = !shown->satisfies(*server_.prototype_->admission);
  place_->shown = std::move(shown);
}

void CoreServer::update(std::shared_ptr<const ServerPrototype> prototype) {
  SLUICE_DEBUG_ASSERT(worker_.core().loop.is_here(), "a server of a core is used on its thread");
  // A wait that exceeded the old target says nothing about the new one.
  if (prototype->spec.overload.target != overload_target_) {
    overload_target_ = prototype->spec.overload.target;
    for (const auto& acceptor : acceptors_) set_patience(*acceptor);
    late_at_ = TimePoint::min();
    prototype_->counters->overload.at(worker_.core().index).overloaded_at.set(0);
  }
  prototype_ = std::move(prototype);
  end_superseded();
  prototype_->counters->places->wake_all(worker_.core().index);  // maxConnections may have grown
  if (!prototype_->spec.http2 || !prototype_->spec.keep_alive) retire_all();
}

void CoreServer::note_late(TimePoint now) {
  late_at_ = now;
  prototype_->counters->overload.at(worker_.core().index)
      .overloaded_at.set(static_cast<std::uint64_t>(now.time_since_epoch().count()));
}

// Under overload, bounds the kernel's backlog to the connections that the core accepts in half the
// time that a request may wait.
void CoreServer::pace_accepting() {
  const double accepted = std::exchange(accepted_, 0U);
  int wanted = net::kBacklog;
  if (overload_target_ > Duration::zero() && overloaded(Clock::now())) {
    const double half = std::chrono::duration<double>(overload_target_).count() / 2;
    wanted = std::clamp(static_cast<int>(std::min(accepted * half, double{net::kBacklog})),
                        kOverloadedBacklogMin, net::kBacklog);
  }
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
  const bool any = overload_target_ > Duration::zero();
  acceptor.set_patience(any ? overload_target_ : Duration::max(), [this] { return late_answer(); });
}

// Returns the answer to a connection that has waited in the kernel for too long. Without overload,
// the connection has waited for a process to start, or for the machine, and is served.
std::optional<std::string> CoreServer::late_answer() {
  if (!overloaded(Clock::now())) return std::nullopt;
  prototype_->counters->overload.at(worker_.core().index).shed.add();
  if (prototype_->tls || prototype_->spec.proxy_protocol) return "";
  return "HTTP/1.1 503 Service Unavailable\r\nRetry-After: " + std::to_string(retry_after()) +
         "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
}

std::int64_t CoreServer::retry_after() {
  const auto least = std::chrono::ceil<std::chrono::seconds>(prototype_->spec.overload.retry_after);
  return least.count() + static_cast<std::int64_t>(retries_++ % (least.count() + 1));
}

// Ends connections and tunnels that the new configuration would not admit. Checks made with each
// request are not repeated here. Busy connections end after their current response.
void CoreServer::end_superseded() {
  std::vector<net::Stream*> over;
  std::vector<Retirable*> retiring;
  for (Membership::Entry* entry : entries()) {
    if (entry->shown && !entry->shown->satisfies(*prototype_->admission)) entry->superseded = true;
    const bool cut_off = entry->may_stay && !entry->may_stay(*prototype_);
    if (!entry->superseded && !cut_off) continue;
    if (entry->retirable != nullptr) {
      retiring.push_back(entry->retirable);
    } else if (entry->idle || cut_off) {
      over.push_back(entry->stream);
    }
  }
  for (Retirable* connection : retiring) connection->retire();
  for (net::Stream* stream : over) stream->close();
}

void CoreServer::listen(std::vector<net::Listener> listeners) {
  SLUICE_DEBUG_ASSERT(worker_.core().loop.is_here(), "a server of a core is used on its thread");
  if (!acceptors_.empty()) retire_all();
  stop_accepting();
  for (net::Listener& listener : listeners) {
    acceptors_.push_back(std::make_shared<net::Acceptor>(worker_.core().loop, std::move(listener)));
    set_patience(*acceptors_.back());
    worker_.core().loop.spawn(accept_loop(shared_from_this(), acceptors_.back()));
  }
}

void CoreServer::stop_accepting() {
  for (const auto& acceptor : acceptors_) acceptor->close();
  acceptors_.clear();
  prototype_->counters->places->wake_all(worker_.core().index);  // the server may drain
}

void CoreServer::adopt(std::unique_ptr<net::Stream> stream, Admission shown) {
  SLUICE_DEBUG_ASSERT(worker_.core().loop.is_here(), "a server of a core is used on its thread");
  worker_.core().loop.spawn(serve_adopted(shared_from_this(), std::move(stream), std::move(shown)));
}

Task<void> CoreServer::serve_adopted(std::shared_ptr<CoreServer> self,
                                     std::unique_ptr<net::Stream> stream, Admission shown) {
  Membership membership(*self, *stream);
  membership.admit(std::make_shared<const Admission>(std::move(shown)));
  const std::string preface = co_await serve_h1(*self, membership, *stream);
  (void)preface;  // the other process speaks HTTP/1.1
}

Task<void> CoreServer::accept_loop(std::shared_ptr<CoreServer> self,
                                   std::shared_ptr<net::Acceptor> acceptor) {
  while (true) {
    auto stream = co_await acceptor->accept();
    if (!stream) {
      if (stream.error().kind == ErrorKind::closed) co_return;
      self->worker_.logger().warn("server " + self->prototype_->spec.name +
                                  ": accept: " + stream.error().message);
      continue;
    }
    ++self->accepted_;
    if (self->worker_.memory_pressure().sheds(Pressure::connections)) {
      self->refuse(observe::Limit::memory_connections);
      continue;
    }
    const bool placed = co_await self->await_place(**stream);
    if (placed) self->worker_.core().loop.spawn(admit(self, *std::move(stream)));
  }
}

// Only one accepted connection waits here. The others stay in the kernel's queue, where they cost
// nothing.
Task<bool> CoreServer::await_place(net::Stream& stream) {
  const std::shared_ptr<Places> places = prototype_->counters->places;
  while (!places->take(prototype_->spec.max_connections)) {
    if (draining_) co_return false;
    const Membership waiting(*this, stream);
    const bool here = co_await unless_closed(
        stream, places->wait(worker_.core(), prototype_->spec.max_connections));
    if (!here) co_return false;
  }
  co_return true;
}

void CoreServer::refuse(observe::Limit limit) {
  prototype_->counters->refusals.record(worker_.core().index, limit);
}

// A trusted proxy carries many clients, whose limits are applied per request.
bool CoreServer::is_trusted_proxy(const net::Stream& stream) const {
  return !prototype_->spec.proxy_protocol && !prototype_->trusted_proxies.empty() &&
         prototype_->trusted_proxies.contains(net::ip_of(stream.peer_address()));
}

bool CoreServer::admit_client(const net::Stream& stream, std::optional<ClientTable::Held>& taken) {
  const std::uint32_t max = prototype_->spec.client_connections_max();
  if (max >= prototype_->spec.max_connections || is_trusted_proxy(stream)) return true;
  taken = prototype_->counters->clients.take(net::ip_of(stream.peer_address()),
                                          ClientTable::Count::connections, max, Clock::now());
  if (!taken) refuse(observe::Limit::client_connections);
  return taken.has_value();
}

bool CoreServer::admit_handshake(const net::Stream& stream) {
  const std::uint32_t max = prototype_->spec.client_limits.handshakes_per_second;
  if (max == 0 || is_trusted_proxy(stream)) return true;
  const Duration wait = prototype_->counters->clients.admit(
      net::ip_of(stream.peer_address()), ClientTable::Rate::handshakes, max, Clock::now());
  if (wait > Duration::zero()) refuse(observe::Limit::client_handshakes);
  return wait == Duration::zero();
}

Task<void> CoreServer::admit(std::shared_ptr<CoreServer> self,
                             std::unique_ptr<net::Stream> stream) {
  const Places::Place place(self->prototype_->counters->places);
  const std::shared_ptr<ServerCounters> counters = self->prototype_->counters;  // outlives `counted`
  std::optional<ClientTable::Held> counted;
  Membership membership(*self, *stream);
  stream->set_patience(self->patience(false));
  // One generation decides what the connection must show, even if another one is installed
  // meanwhile.
  const std::shared_ptr<const net::TlsContext> tls = self->prototype_->tls;
  membership.admit(self->prototype_->admission);
  if (self->prototype_->spec.proxy_protocol) {
    const bool proxied = co_await self->accept_proxied(*stream);
    if (!proxied) co_return;
  }
  if (!self->admit_client(*stream, counted)) co_return;
  if (tls) {
    if (!self->admit_handshake(*stream)) co_return;
    membership.add_state(kTlsStateBytes);
    auto secured = co_await net::accept_tls(self->worker_.core().loop, std::move(stream), tls,
                                            Clock::now() + kTlsHandshakeTimeout);
    if (!secured) co_return;
    stream = *std::move(secured);
    membership.set_stream(*stream);
  }
  std::string preface;
  const bool chosen = stream->protocol() == "h2";
  if (!chosen) preface = co_await serve_h1(*self, membership, *stream);
  if (chosen || !preface.empty()) co_await serve_h2(*self, membership, *stream, std::move(preface));
}

void CoreServer::retire_all() {
  std::vector<Retirable*> all;
  for (const auto* entry : entries()) {
    if (entry->retirable != nullptr) all.push_back(entry->retirable);
  }
  for (Retirable* connection : all) connection->retire();
}

// A PROXY header is forgeable: accept it only from trustedProxies, if set.
Task<bool> CoreServer::accept_proxied(net::Stream& stream) {
  const router::TrustedProxies& trusted = prototype_->trusted_proxies;
  if (!trusted.empty() && !trusted.contains(net::ip_of(stream.peer_address()))) co_return false;
  const auto accepted =
      co_await net::accept_proxy_header(stream, Clock::now() + kProxyHeaderTimeout);
  co_return accepted.has_value();
}

void CoreServer::drain() {
  SLUICE_DEBUG_ASSERT(worker_.core().loop.is_here(), "a server of a core is used on its thread");
  if (std::exchange(draining_, true)) return;
  for (const auto& acceptor : acceptors_) acceptor->finish();
  acceptors_.clear();
  prototype_->counters->places->wake_all(worker_.core().index);  // the server drains
  retire_all();
  close_idle();
  worker_.core().loop.spawn(close_silent(shared_from_this()));
}

void CoreServer::close_idle() {
  std::vector<net::Stream*> idle;
  for (const auto* entry : entries()) {
    if (entry->idle && entry->retirable == nullptr) idle.push_back(entry->stream);
  }
  for (net::Stream* stream : idle) stream->close();
}

// Gives connections from the kernel's queue a moment for their first request, then closes idle
// ones.
Task<void> CoreServer::close_silent(std::shared_ptr<CoreServer> self) {
  co_await self->worker_.core().loop.sleep_for(kFirstWordPatience);
  self->close_idle();
}

void CoreServer::retire() {
  SLUICE_DEBUG_ASSERT(worker_.core().loop.is_here(), "a server of a core is used on its thread");
  retiring_ = true;
  stop_accepting();
  retire_all();
}

void CoreServer::close_all() {
  SLUICE_DEBUG_ASSERT(worker_.core().loop.is_here(), "a server of a core is used on its thread");
  std::vector<net::Stream*> all;
  for (const auto* entry : entries()) all.push_back(entry->stream);
  for (net::Stream* stream : all) stream->close();
}

}  // namespace sluice::server
