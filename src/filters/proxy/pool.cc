// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/pool.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::filters {

namespace {

constexpr std::int64_t kBodyBytesMax = 4 << 20;

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

MainPool::MainPool(const ProxySpec& spec, unsigned core_count)
    : name("proxy#" + spec.meta.name + "#main"), stats_(core_count) {
  const PoolSpec& pool = spec.pools.front();
  servers = make_servers(pool.servers);
  policy = backend::parse_policy(pool.load_balance.policy).value_or(policy);
  header = pool.load_balance.header_hash_key;
  timeout = pool.timeout;
  body_bytes_max =
      pool.server_max_body_size != 0 ? pool.server_max_body_size : spec.server_max_body_size;
  if (body_bytes_max == 0) body_bytes_max = kBodyBytesMax;
  limits.idle_max = share(spec.max_idle_conns, core_count);
  limits.idle_per_server_max = share(spec.max_idle_conns_per_host, core_count);
  set_server_host_ = pool.set_upstream_host;
  for (const int code : pool.failure_codes) failure_codes_.set(static_cast<std::size_t>(code));
  for (std::size_t code = 500; pool.failure_codes.empty() && code < 600; ++code)
    failure_codes_.set(code);
}

void MainPool::count(unsigned core, int status) {
  Cells& cells = stats_.at(core);
  cells.count.add();
  if (status >= 400) cells.errors.add();
  if (status >= 100 && status < 600) cells.codes[static_cast<std::size_t>(status - 100)].add();
}

Json MainPool::status() const {
  Json codes = Json::object();
  for (std::size_t i = 0; i < 500; ++i) {
    std::uint64_t total = 0;
    for (unsigned core = 0; core < stats_.size(); ++core) total += stats_.at(core).codes[i].get();
    if (total > 0) codes[std::to_string(i + 100)] = total;
  }
  return {{"stat",
           {{"count", stats_.sum(&Cells::count)},
            {"errCount", stats_.sum(&Cells::errors)},
            {"codes", codes}}}};
}

bool MainPool::is_failure(int status) const {
  return status >= 0 && status < 600 && failure_codes_.test(static_cast<std::size_t>(status));
}

std::string_view MainPool::host_for(const backend::Server& server,
                                    std::string_view client_host) const {
  if (client_host.empty()) return server.authority;
  if (server.keep_host) return {};
  return set_server_host_ || !server.has_ip_host ? std::string_view(server.authority)
                                                 : std::string_view();
}

}  // namespace sluice::filters
