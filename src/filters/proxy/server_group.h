// SPDX-License-Identifier: Apache-2.0
// The servers of a pool, and one try at one of them. pool_filter.h wraps the tries (retry, breaker,
// cache, mirror).
//   ServerGroupPrototype  per pool and generation: what the cores share
//   ServerGroup           its part on one core: the next turn, the connections
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/balancer.h"
#include "backend/client.h"
#include "backend/health_check.h"
#include "backend/idle_connections.h"
#include "backend/server.h"
#include "backend/server_state.h"
#include "backend/sticky_session.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "filters/proxy/metrics.h"
#include "filters/proxy/server_group_spec.h"
#include "filters/proxy/try.h"
#include "http/message.h"
#include "loop/core.h"
#include "pipeline/core_places.h"
#include "pipeline/state_registry.h"

namespace sluice::filters {

// The parts that a Proxy gives to each pool. The limits are per process.
struct ServerGroupContext {
  std::string name;  // of the pool, for the log
  std::size_t idle_max = 10240;
  std::size_t idle_per_server_max = 1024;
  TlsSpec tls{};  // used unless the pool has its own
  unsigned core_count = 1;
  std::shared_ptr<backend::HealthThread> health_thread{};  // null: nothing is checked
  Logger logger{};
  std::string own_secret{};  // the secret of this gateway; see backend::StickyOptions
  std::string span_name{};   // of a try; "": the method of its request
};

// Immutable but for the state of the servers. Any thread.
class ServerGroupPrototype : public backend::BodyObserver {
 public:
  // `states`: of the pool; the servers that stay keep their state.
  ServerGroupPrototype(const ServerGroupSpec& spec, ServerGroupContext context,
                       const pipeline::StateScope& states);

  // For the status of the pool: the state of each server.
  [[nodiscard]] Json status() const;
  // Adds the figures of each server, for Prometheus.
  void expose(const PoolPlace& place, observe::Exposition& out) const;
  // In the order of their indices.
  [[nodiscard]] const backend::Servers& servers() const { return *servers_; }

  // Records the outcome of a try: the head of a response, or a failure. `begun`: the body is still
  // to come, and body_ended() reports its end.
  void note(std::size_t server, unsigned core, const backend::Failure* failure, int status,
            bool begun) const;
  void body_ended(std::size_t server, unsigned core,
                  const backend::Failure* failure) const override;

 private:
  friend class ServerGroup;
  void note_failure(std::size_t server, unsigned core, const backend::Failure& failure) const;
  void tell_left_out(std::size_t server, Duration duration, const std::string& reason) const;
  void tell_return(std::size_t server) const;
  void find_states(const pipeline::StateScope& states);
  [[nodiscard]] std::shared_ptr<const net::TlsClientContext> make_tls(
      const pipeline::StateScope& states) const;

  ServerGroupContext context_;
  std::shared_ptr<const backend::Servers> servers_;
  backend::ServerStates states_;  // one per server
  backend::BalancingPolicy policy_ = backend::BalancingPolicy::round_robin;
  std::string header_;
  std::optional<backend::StickySession> sticky_;
  backend::OutlierPolicy outliers_;
  bool new_outlier_rules_ = false;  // the generation in force had others
  bool offers_http2_ = true;
  std::optional<TlsSpec> tls_;             // of the https servers; none if there are none
  backend::ClientOptions client_options_;  // per core
  std::uint32_t connections_max_ = 0;      // per server
  std::uint32_t queue_max_ = 0;
  bool set_server_host_ = false;
  // The connections of each core, which the next generation takes over if it can.
  std::shared_ptr<pipeline::CorePlaces<backend::Client>> clients_;
  std::unique_ptr<backend::HealthChecker> checker_;  // null: no checks
};

// The facts about a try that brought a response.
struct Reply {
  std::size_t server = 0;
  // A Set-Cookie value for this client only; "": none. Add it after the response was cached.
  std::string set_cookie{};
};

// Core-bound. Invariant: the owning filter outlives its exchanges.
class ServerGroup {
 public:
  ServerGroup(const loop::Core& core, std::shared_ptr<const ServerGroupPrototype> prototype);

  // Makes one try at one server of the balancer's choice. Replaces the contents of `response`.
  // Afterwards the request is as before, except that a streamed body is taken, and that the context
  // of a trace is that of the try. The error names the
  // server; its stage `choose` means that no server is available now. Destroying the Task cancels
  // the try.
  [[nodiscard]] Task<backend::Outcome<Reply>> exchange(Try& attempt, http::Request& request,
                                                       http::Response& response);

 private:
  [[nodiscard]] std::optional<std::size_t> choose(const http::Request& request, const Try& attempt);
  [[nodiscard]] std::shared_ptr<backend::Client> find_client() const;
  [[nodiscard]] std::string_view host_for(const backend::Server& server,
                                          std::string_view client_host) const;

  const loop::Core& core_;
  std::shared_ptr<const ServerGroupPrototype> prototype_;
  backend::Balancer balancer_;
  std::shared_ptr<backend::Client> client_;
  std::vector<std::size_t> candidates_;  // of the current choice
};

}  // namespace sluice::filters
