// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/parts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::filters {
namespace {

// Responses to copies are streamed and discarded, so that they need no memory.
PoolSpec mirror_pool(const MirrorSpec& spec) {
  PoolSpec pool = spec.pool;
  pool.server_max_body_size = -1;
  return pool;
}

bool keeps_responses(const ProxySpec& spec) {
  return std::ranges::any_of(spec.pools,
                             [](const PoolSpec& pool) { return pool.memory_cache.has_value(); });
}

void add_hash_key(const PoolSpec& pool, http::FieldTwins& names) {
  const LoadBalanceSpec& balance = pool.servers.load_balance;
  if (balance.policy == "headerHash") names.add(balance.header_hash_key);
}

}  // namespace

Json Parts::status() const {
  Json status = {{"mainPool", main->status()}};
  for (const Candidate& candidate : candidates)
    status["candidatePools"].push_back(candidate.pool->status());
  if (mirror) status["mirrorPool"] = mirror->status();
  return status;
}

void Parts::expose(const pipeline::FilterPlace& place, observe::Exposition& out) const {
  main->expose({place, "main"}, out);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string pool = "candidate#" + std::to_string(i);
    candidates[i].pool->expose({place, pool}, out);
  }
  if (mirror) mirror->pool().expose({place, "mirror"}, out);
}

void Parts::sample() const {
  main->sample();
  for (const Candidate& candidate : candidates) candidate.pool->sample();
  if (mirror) mirror->pool().sample();
}

Parts build_parts(const ProxySpec& spec, const pipeline::FilterContext& context,
                  PoolServices services, config::Faults& faults) {
  services.pipeline = context.pipeline;
  if (keeps_responses(spec)) {
    services.stamps =
        context.states.keep("stamps", [] { return std::make_shared<InvalidationStamps>(); });
  }
  const auto make_pool = [&](const std::string& name, const PoolSpec& pool, const std::string& path,
                             const PoolServices& shared) {
    const pipeline::StateScope states = context.states.within(name);
    PoolPolicies policies =
        resolve_policies(pool, path, context.policies, spec.mtls, states, faults);
    return std::make_shared<const PoolPrototype>("proxy#" + spec.meta.name + "#" + name, pool, spec,
                                                 std::move(policies), shared, states);
  };
  Parts parts;
  parts.compression = spec.compression;
  for (std::size_t i = 0; i < spec.pools.size(); ++i) {
    const PoolSpec& pool = spec.pools[i];
    const std::string path = context.path + ".pools[" + std::to_string(i) + "]";
    add_hash_key(pool, parts.deciding);
    if (!pool.filter) {
      parts.main = make_pool("main", pool, path, services);
      continue;
    }
    const std::string name = "candidate#" + std::to_string(parts.candidates.size());
    auto filter = RequestMatcher::build(*pool.filter, path + ".filter", faults);
    filter.add_names(parts.deciding);
    parts.candidates.push_back({std::move(filter), make_pool(name, pool, path, services)});
  }
  if (spec.mirror_pool) {
    const std::string path = context.path + ".mirrorPool";
    PoolServices apart = services;  // the mirror has other servers: invalidate nothing here
    apart.stamps.reset();
    auto filter = RequestMatcher::build(*spec.mirror_pool->pool.filter, path + ".filter", faults);
    filter.add_names(parts.deciding);
    add_hash_key(spec.mirror_pool->pool, parts.deciding);
    parts.mirror = std::make_shared<const MirrorPrototype>(
        make_pool("mirror", mirror_pool(*spec.mirror_pool), path, apart), std::move(filter),
        *spec.mirror_pool, services.core_count);
  }
  return parts;
}

}  // namespace sluice::filters
