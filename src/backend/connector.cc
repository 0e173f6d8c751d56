// SPDX-License-Identifier: Apache-2.0
#include "backend/connector.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "loop/event.h"
#include "net/resolver.h"
#include "net/tls/tls_stream.h"

namespace sluice::backend {
namespace {

constexpr auto kHeadStart = std::chrono::milliseconds(250);

}  // namespace

Connector::Connector(const loop::Core& core, const Server& server, ConnectorOptions options,
                     std::shared_ptr<KnownAddresses> known)
    : loop_(core.loop),
      server_(server),
      options_(std::move(options)),
      addresses_(std::make_shared<Addresses>(core.loop, server.host, server.port,
                                             options_.dns_period, std::move(known), core.index,
                                             options_.look_ups)) {}

bool Connector::is_current(const net::Endpoint& endpoint, TimePoint now) {
  if (server_.has_ip_host) return true;
  addresses_->refresh(now);
  return addresses_->includes(endpoint);
}

// The attempts in progress.
struct Connector::Race {
  explicit Race(loop::EventLoop& its_loop, std::shared_ptr<Addresses> its_addresses)
      : loop(its_loop), addresses(std::move(its_addresses)), news(its_loop) {}
  loop::EventLoop& loop;
  std::shared_ptr<Addresses> addresses;
  std::optional<Connected> winner;
  Error last;
  std::size_t running = 0;
  loop::Event news;  // an attempt has ended
};

Task<void> Connector::attempt(std::shared_ptr<Race> race, net::Endpoint endpoint,
                              TimePoint deadline) {
  auto stream = co_await net::connect(race->loop, endpoint, deadline);
  --race->running;
  if (!stream) {
    race->last = std::move(stream).error();
    race->addresses->note_failure(endpoint);
  } else if (!race->winner) {
    race->winner.emplace(std::move(*stream), std::move(endpoint));
  }
  race->news.notify();  // asynchronously, because the waiter destroys this attempt
}

Task<Result<Connector::Connected>> Connector::race(std::vector<net::Endpoint> endpoints,
                                                   TimePoint deadline) {
  if (endpoints.size() == 1) {
    auto stream = co_await net::connect(loop_, endpoints.front(), deadline);
    if (!stream) {
      addresses_->note_failure(endpoints.front());
      co_return std::unexpected(std::move(stream).error());
    }
    Connected connected{std::move(*stream), std::move(endpoints.front())};
    co_return connected;
  }
  const auto race = std::make_shared<Race>(loop_, addresses_);
  std::vector<Task<void>> attempts;
  std::size_t next = 0;
  while (!race->winner && (next < endpoints.size() || race->running > 0)) {
    TimePoint patience = deadline;
    if (next < endpoints.size()) {
      ++race->running;
      attempts.push_back(attempt(race, endpoints[next++], deadline));
      attempts.back().start();
      patience = std::min(deadline, loop::EventLoop::now() + kHeadStart);
    }
    co_await race->news.wait(patience);
    if (loop::EventLoop::now() >= deadline && !race->winner) {
      addresses_->note_failure(endpoints.front());
      co_return fail(ErrorKind::timed_out,
                     "connecting to " + endpoints.front().to_string() + " took too long");
    }
  }
  if (!race->winner) co_return std::unexpected(race->last);
  co_return std::move(*race->winner);
}

Result<void> Connector::leave_allowed(std::vector<net::Endpoint>& endpoints) const {
  if (!options_.rule) return {};
  Result<void> refused;
  std::erase_if(endpoints, [&](const net::Endpoint& endpoint) {
    auto allowed = options_.rule->check(endpoint);
    if (allowed) return false;
    refused = std::move(allowed);
    return true;
  });
  return endpoints.empty() ? refused : Result<void>();
}

Task<Result<Connector::Connected>> Connector::connect(TimePoint deadline) {
  const TimePoint now = loop::EventLoop::now();
  const TimePoint connected_by = std::min(deadline, now + options_.connect_timeout);
  auto endpoints = co_await addresses_->find(connected_by);
  if (!endpoints) co_return std::unexpected(std::move(endpoints).error());
  auto allowed = leave_allowed(*endpoints);
  if (!allowed) co_return std::unexpected(std::move(allowed).error());
  auto connected = co_await race(std::move(*endpoints), connected_by);
  if (!connected) co_return std::unexpected(std::move(connected).error());
  if (!server_.secure) co_return std::move(*connected);
  const TimePoint secured_by =
      std::min(deadline, loop::EventLoop::now() + options_.handshake_timeout);
  auto secured = co_await net::connect_tls(loop_, std::move(connected->stream), options_.tls,
                                           tickets_, server_.host, secured_by);
  if (!secured) co_return std::unexpected(std::move(secured).error());
  connected->stream = std::move(*secured);
  co_return std::move(*connected);
}

}  // namespace sluice::backend
