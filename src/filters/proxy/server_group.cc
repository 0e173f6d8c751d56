// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/server_group.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "filters/proxy/core_share.h"
#include "filters/proxy/knowledge.h"
#include "filters/proxy/try_span.h"

namespace sluice::filters {
namespace {

std::shared_ptr<const backend::Servers> make_servers(const ServerGroupSpec& group) {
  backend::Servers servers;
  for (const ServerSpec& spec : group.chosen()) {
    auto server = backend::parse_server_url(spec.url);
    if (!server) continue;  // validate() has reported the fault
    server->tags = spec.tags;
    server->weight = spec.weight;
    server->keep_host = spec.keep_host;
    server->http2 = group.http2.value_or(false);
    servers.push_back(std::move(*server));
  }
  return std::make_shared<const backend::Servers>(std::move(servers));
}

// The way to reach a server. The state of a server depends on it.
struct Way {
  bool http2;
  bool offers_http2;
  std::optional<TlsSpec> tls;
  bool operator==(const Way&) const = default;
};

// Counts a try when it begins. Without end() the client has left: a backend that hangs answers
// nobody, and its clients leave before it fails.
class CountedTry {
 public:
  explicit CountedTry(backend::ServerState::Cells& cells) : cells_(cells) { cells_.requests.add(); }
  ~CountedTry() {
    if (!ended_) cells_.abandoned.add();
  }
  CountedTry(const CountedTry&) = delete;
  CountedTry& operator=(const CountedTry&) = delete;
  void end() { ended_ = true; }

 private:
  backend::ServerState::Cells& cells_;
  bool ended_ = false;
};

}  // namespace

ServerGroupPrototype::ServerGroupPrototype(const ServerGroupSpec& spec, ServerGroupContext context,
                                           const pipeline::StateScope& states)
    : context_(std::move(context)),
      servers_(make_servers(spec)),
      header_(spec.load_balance.policy == "cookieHash" ? "Cookie"
                                                       : spec.load_balance.header_hash_key),
      outliers_(spec.outlier_detection.policy),
      set_server_host_(spec.set_upstream_host) {
  policy_ = backend::parse_policy(spec.load_balance.policy).value_or(policy_);
  if (spec.load_balance.sticky_session) {
    sticky_.emplace(spec.load_balance.sticky_session->make(context_.own_secret), *servers_);
  }
  if (std::ranges::any_of(*servers_, &backend::Server::secure)) {
    tls_ = spec.tls.value_or(context_.tls);
  }
  client_options_.idle.max = core_share(context_.idle_max, context_.core_count);
  client_options_.idle.per_server_max =
      core_share(context_.idle_per_server_max, context_.core_count);
  client_options_.connector.connect_timeout = spec.connect_timeout;
  client_options_.connector.dns_period = spec.dns_refresh_period;
  offers_http2_ = spec.http2.value_or(true);
  client_options_.offers_http2 = offers_http2_;
  client_options_.connector.tls = make_tls(states);
  client_options_.silence_max = spec.silence_timeout;
  client_options_.queue_timeout = spec.queue_timeout;
  connections_max_ = spec.max_conns_per_host;
  queue_max_ = spec.max_queue_per_host;
  clients_ = states.keep("clients", std::pair(*servers_, client_options_), [this] {
    return std::make_shared<pipeline::CorePlaces<backend::Client>>(context_.core_count);
  });
  new_outlier_rules_ = states.changed("outlierDetection", outliers_);
  find_states(states);
  if (!spec.health_check || !context_.health_thread) return;
  backend::HealthCheck check = spec.health_check->make();
  check.connector = client_options_.connector;
  checker_ = std::make_unique<backend::HealthChecker>(
      context_.health_thread, context_.name, *servers_, states_, std::move(check), context_.logger);
}

// A URL may occur more than once: each occurrence has its own state. The state of a server is kept
// only if the way to reach it is the same. With other TLS settings, or another version of HTTP, its
// health is unknown.
void ServerGroupPrototype::find_states(const pipeline::StateScope& states) {
  std::map<std::string_view, unsigned> seen;  // by URL
  for (const backend::Server& server : *servers_) {
    const Way way{server.http2, server.secure && offers_http2_,
                  server.secure ? tls_ : std::optional<TlsSpec>()};
    const std::string occurrence = std::to_string(seen[server.url]++);
    const pipeline::StateScope scope = states.within("servers").within(server.url);
    const auto state = scope.keep(
        occurrence, way, [this] { return std::make_shared<LearningServer>(context_.core_count); });
    states_.push_back(state);
    if (server.has_ip_host) continue;
    state->name = scope.keep("addresses" + occurrence, state->addresses, [&] {
      return std::make_shared<LearningAddresses>(state->addresses, server.port);
    });
  }
}

// Continues the context if nothing has changed, so that connections and tickets stay valid.
std::shared_ptr<const net::TlsClientContext> ServerGroupPrototype::make_tls(
    const pipeline::StateScope& states) const {
  if (!tls_) return nullptr;
  return states.keep("tls", std::pair(*tls_, offers_http2_),
                     [this] { return tls_->make(offers_http2_); });
}

Json ServerGroupPrototype::status() const {
  using Cells = backend::ServerState::Cells;
  Json list = Json::array();
  const TimePoint now = Clock::now();
  for (std::size_t i = 0; i < servers_->size(); ++i) {
    const backend::ServerState& state = *states_[i];
    Json server = {{"url", (*servers_)[i].url},
                   {"healthy", checker_ == nullptr || state.healthy()},
                   {"ejected", state.ejected(now)},
                   {"requests", state.cells.sum(&Cells::requests)},
                   {"failures", state.cells.sum(&Cells::failures)},
                   {"abandoned", state.cells.sum(&Cells::abandoned)},
                   {"inFlight", state.cells.sum(&Cells::in_flight)},
                   {"connections", state.gate->open()},
                   {"queued", state.gate->queued()}};
    if (const Duration left = state.ejected_for(now); left > Duration::zero()) {
      server["ejectedFor"] = format_duration(std::chrono::ceil<std::chrono::seconds>(left));
      if (const std::string reason = state.reason(); !reason.empty())
        server["ejectedAfter"] = reason;
    }
    const std::string fault = checker_ != nullptr ? checker_->fault(i) : "";
    if (!fault.empty()) server["fault"] = fault;
    list.push_back(std::move(server));
  }
  return list;
}

void ServerGroupPrototype::expose(const PoolPlace& place, observe::Exposition& out) const {
  expose_servers(*servers_, states_, checker_ != nullptr, place, out);
}

ServerGroup::ServerGroup(const loop::Core& core,
                         std::shared_ptr<const ServerGroupPrototype> prototype)
    : core_(core),
      prototype_(std::move(prototype)),
      balancer_(prototype_->policy_, prototype_->header_, *prototype_->servers_,
                std::random_device{}()),
      client_(find_client()) {
  for (const auto& state : prototype_->states_) {
    state->gate->set_limits(prototype_->connections_max_, prototype_->queue_max_);
    if (prototype_->new_outlier_rules_) state->forget_failures();
  }
}

std::shared_ptr<backend::Client> ServerGroup::find_client() const {
  const ServerGroupPrototype& group = *prototype_;
  auto client = group.clients_->find(core_);
  if (!client) {
    client = std::make_shared<backend::Client>(core_, group.servers_, group.states_,
                                               group.client_options_);
    group.clients_->put(core_, client);
  }
  return client;
}

Task<backend::Outcome<Reply>> ServerGroup::exchange(Try& attempt, http::Request& request,
                                                    http::Response& response) {
  const auto choice = choose(request, attempt);
  if (!choice) {
    backend::Failure failure{backend::Stage::choose,
                             {ErrorKind::unavailable, "there is no healthy server"}};
    co_return std::unexpected(std::move(failure));
  }
  if (prototype_->states_[*choice]->take_return(Clock::now())) prototype_->tell_return(*choice);
  const backend::Server& server = (*prototype_->servers_)[*choice];
  backend::Call call;
  call.server = *choice;
  call.host = host_for(server, request.host);
  call.body_bytes_max = attempt.body_bytes_max;
  call.deadline = attempt.deadline;
  call.client_time = &attempt.client_time;
  call.interim = attempt.interim;
  call.observer = prototype_.get();
  call.memory = attempt.memory;
  TrySpan span(attempt, prototype_->context_.span_name, server, request);
  CountedTry counted(prototype_->states_[*choice]->cells.at(core_.index));
  auto outcome = co_await client_->exchange(call, request, response);
  counted.end();
  span.end(outcome ? nullptr : &outcome.error(), response.status);
  const bool begun =
      outcome && response.body.is_stream() && response.status != 101 && request.method != "HEAD";
  prototype_->note(*choice, core_.index, outcome ? nullptr : &outcome.error(), response.status,
                   begun);
  if (!outcome) {
    backend::Failure failure = std::move(outcome).error();
    failure.error.message = server.url + ": " + failure.error.message;
    if (failure.stage != backend::Stage::request_body) attempt.failed.push_back(*choice);
    co_return std::unexpected(std::move(failure));
  }
  Reply reply;
  reply.server = *choice;
  if (prototype_->sticky_)
    reply.set_cookie = prototype_->sticky_->cookie(request, response, *choice);
  co_return reply;
}

std::optional<std::size_t> ServerGroup::choose(const http::Request& request, const Try& attempt) {
  const ServerGroupPrototype& group = *prototype_;
  const backend::Availability availability(group.states_, group.checker_ != nullptr, core_.index);
  availability.list(candidates_);
  const auto failed = [&](std::size_t server) {
    return std::ranges::find(attempt.failed, server) != attempt.failed.end();
  };
  if (!attempt.failed.empty() && !std::ranges::all_of(candidates_, failed))
    std::erase_if(candidates_, failed);
  if (group.sticky_) {
    if (const auto server = group.sticky_->find(request, candidates_)) return server;
  }
  return balancer_.choose(request, attempt.client_ip, candidates_, availability);
}

std::string_view ServerGroup::host_for(const backend::Server& server,
                                       std::string_view client_host) const {
  if (client_host.empty()) return server.authority;
  if (server.keep_host) return {};
  return prototype_->set_server_host_ || !server.has_ip_host ? std::string_view(server.authority)
                                                             : std::string_view();
}

void ServerGroupPrototype::note(std::size_t server, unsigned core, const backend::Failure* failure,
                                int status, bool begun) const {
  backend::ServerState& state = *states_[server];
  if (failure != nullptr) return note_failure(server, core, *failure);
  const auto ejected = begun ? state.note_status(status, outliers_, Clock::now())
                             : state.note_response(status, outliers_, Clock::now());
  if (ejected) {
    tell_left_out(server, *ejected,
                  std::to_string(outliers_.consecutive_5xx) +
                      " responses of 5xx in a row, the last one " + std::to_string(status));
  }
}

void ServerGroupPrototype::body_ended(std::size_t server, unsigned core,
                                      const backend::Failure* failure) const {
  // A silent stream is not a failure of the server, because events may be rare.
  if (failure != nullptr && failure->error.kind == ErrorKind::timed_out) return;
  if (failure != nullptr) return note_failure(server, core, *failure);
  states_[server]->note_whole();
}

void ServerGroupPrototype::note_failure(std::size_t server, unsigned core,
                                        const backend::Failure& failure) const {
  if (backend::blame_of(failure) != backend::Blame::backend) return;
  backend::ServerState& state = *states_[server];
  state.cells.at(core).failures.add();
  const auto ejected = state.note_failure(outliers_, Clock::now());
  if (ejected) {
    tell_left_out(server, *ejected,
                  std::to_string(outliers_.consecutive_failures) +
                      " failures in a row, the last one: " + failure.error.message);
  }
}

void ServerGroupPrototype::tell_left_out(std::size_t server, Duration duration,
                                         const std::string& reason) const {
  states_[server]->tell_reason(reason);
  if (servers_->size() == 1) return;
  const auto more = states_[server]->ejection_lines.pass(Clock::now());
  if (!more) return;
  context_.logger.warn(context_.name + ": " + (*servers_)[server].url + " is left out for " +
                       format_duration(duration) + ", after " + reason + more_note(*more));
}

void ServerGroupPrototype::tell_return(std::size_t server) const {
  if (servers_->size() == 1) return;
  const auto more = states_[server]->return_lines.pass(Clock::now());
  if (!more) return;
  context_.logger.info(context_.name + ": " + (*servers_)[server].url +
                       " gets requests again: it is no longer left out" + more_note(*more));
}

}  // namespace sluice::filters
