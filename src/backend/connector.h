// SPDX-License-Identifier: Apache-2.0
// Connector: opens streams to a server, with TLS if its URL demands it. Core-bound.
#pragma once

#include <memory>
#include <vector>

#include "backend/address_rule.h"
#include "backend/addresses.h"
#include "backend/server.h"
#include "base/time.h"
#include "loop/core.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/stream.h"
#include "net/tls/tls_client_context.h"

namespace sluice::backend {

struct ConnectorOptions {
  Duration connect_timeout = std::chrono::seconds(10);  // for look-up and TCP, all addresses
  Duration handshake_timeout = std::chrono::seconds(10);
  Duration dns_period = std::chrono::seconds(30);
  std::shared_ptr<const net::TlsClientContext> tls{};  // for https
  std::shared_ptr<const AddressRule> rule{};           // null: every address may be connected to
  std::shared_ptr<LookUpShare> look_ups{};             // of one core; null: no limit

  bool operator==(const ConnectorOptions&) const = default;
};

class Connector {
 public:
  // `server` outlives it. `known`: for its name, shared by all cores.
  Connector(const loop::Core& core, const Server& server, ConnectorOptions options,
            std::shared_ptr<KnownAddresses> known);

  struct Connected {
    std::unique_ptr<net::Stream> stream;
    net::Endpoint endpoint;
  };
  // Tries the addresses one after the other. If one does not answer within 250 ms, the next attempt
  // starts in parallel (RFC 8305 section 5). The first to answer wins. Errors: those of
  // net::resolve, net::connect and net::connect_tls; with several addresses, that of the last one;
  // those of the rule if it leaves no address.
  [[nodiscard]] Task<Result<Connected>> connect(TimePoint deadline);
  // False if the server's name no longer has that address. Starts a new look-up in the background
  // if one is due.
  [[nodiscard]] bool is_current(const net::Endpoint& endpoint, TimePoint now);
  // Addresses::waits_for_look_up().
  [[nodiscard]] bool waits_for_look_up() const { return addresses_->waits_for_look_up(); }

 private:
  struct Race;
  static Task<void> attempt(std::shared_ptr<Race> race, net::Endpoint endpoint, TimePoint deadline);
  [[nodiscard]] Result<void> leave_allowed(std::vector<net::Endpoint>& endpoints) const;
  Task<Result<Connected>> race(std::vector<net::Endpoint> endpoints, TimePoint deadline);

  loop::EventLoop& loop_;
  const Server& server_;
  ConnectorOptions options_;
  std::shared_ptr<Addresses> addresses_;
  std::shared_ptr<net::TlsTickets> tickets_ = std::make_shared<net::TlsTickets>();
};

}  // namespace sluice::backend
