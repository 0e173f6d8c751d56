// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/server_pool.h"

#include <nlohmann/json.hpp>
#include <random>

namespace sluice::filters {
namespace {

std::vector<backend::Server> make_servers(const std::vector<ServerSpec>& specs) {
  std::vector<backend::Server> servers;
  for (const ServerSpec& spec : specs) {
    auto server = backend::parse_server_url(spec.url);
    if (!server) continue;  // validate() has refused it
    server->tags = spec.tags;
    server->weight = spec.weight;
    server->keep_host = spec.keep_host;
    servers.push_back(std::move(*server));
  }
  return servers;
}

std::size_t share(std::size_t total, unsigned core_count) {
  return (total + core_count - 1) / core_count;
}

}  // namespace

ServerPoolPrototype::ServerPoolPrototype(const ServerPoolSpec& spec, const ConnectionLimits& limits,
                                         unsigned core_count)
    : servers_(make_servers(spec.servers)),
      header_(spec.load_balance.header_hash_key),
      set_server_host_(spec.set_upstream_host) {
  policy_ = backend::parse_policy(spec.load_balance.policy).value_or(policy_);
  limits_.idle_max = share(limits.idle_max, core_count);
  limits_.idle_per_server_max = share(limits.idle_per_server_max, core_count);
}

Json ServerPoolPrototype::status() const {
  Json list = Json::array();
  for (const backend::Server& server : servers_) list.push_back({{"url", server.url}});
  return list;
}

ServerPool::ServerPool(const loop::Core& core, std::shared_ptr<const ServerPoolPrototype> prototype,
                       ServerPool*)
    : prototype_(std::move(prototype)),
      balancer_(prototype_->policy_, prototype_->header_, prototype_->servers_,
                std::random_device{}()),
      client_(core.loop, prototype_->servers_, prototype_->limits_) {}

Task<backend::Outcome<Reply>> ServerPool::exchange(const Try& attempt, http::Request& request,
                                                   http::Response& response) {
  const auto choice = balancer_.choose(request, attempt.client_ip);
  if (!choice) {
    backend::Failure failure{backend::Stage::choose,
                             {ErrorKind::unavailable, "there is no server"}};
    co_return std::unexpected(std::move(failure));
  }
  const backend::Server& server = prototype_->servers_[*choice];
  backend::Call call;
  call.server = *choice;
  call.host = host_for(server, request.host);
  call.body_bytes_max = attempt.body_bytes_max;
  call.deadline = attempt.deadline;
  auto outcome = co_await client_.exchange(call, request, response);
  if (!outcome) {
    backend::Failure failure = std::move(outcome).error();
    failure.error.message = server.url + ": " + failure.error.message;
    co_return std::unexpected(std::move(failure));
  }
  co_return Reply{*choice};
}

std::string_view ServerPool::host_for(const backend::Server& server,
                                      std::string_view client_host) const {
  if (client_host.empty()) return server.authority;
  if (server.keep_host) return {};
  return prototype_->set_server_host_ || !server.has_ip_host ? std::string_view(server.authority)
                                                             : std::string_view();
}

}  // namespace sluice::filters
