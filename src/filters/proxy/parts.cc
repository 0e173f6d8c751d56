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

}  // namespace

Json Parts::knowledge() const {
  ProxyKnowledge known;
  known.pools.push_back(main->knowledge());
  for (const Candidate& candidate : candidates) known.pools.push_back(candidate.pool->knowledge());
  if (mirror) known.pools.push_back(mirror->pool().knowledge());
  return config::encode(known);
}

const PoolPrototype* Parts::find(std::string_view name) const {
  if (main->name() == name) return main.get();
  for (const Candidate& candidate : candidates) {
    if (candidate.pool->name() == name) return candidate.pool.get();
  }
  return mirror && mirror->pool().name() == name ? &mirror->pool() : nullptr;
}

Json Parts::status() const {
  Json status = {{"mainPool", main->status()}};
  for (const Candidate& candidate : candidates)
    status["candidatePools"].push_back(candidate.pool->status());
  if (mirror) status["mirrorPool"] = mirror->status();
  return status;
}

void Parts::sample() const {
  main->sample();
  for (const Candidate& candidate : candidates) candidate.pool->sample();
  if (mirror) mirror->pool().sample();
}

Parts build_parts(const ProxySpec& spec, const pipeline::FilterContext& context,
                  const Parts* previous, PoolServices services, config::Faults& faults) {
  services.pipeline = context.pipeline;
  if (keeps_responses(spec)) {
    services.stamps = previous != nullptr && previous->stamps
                          ? previous->stamps
                          : std::make_shared<InvalidationStamps>();
  }
  const std::string prefix = "proxy#" + spec.meta.name;
  // The knowledge of this process is newer than that of its predecessor.
  const ProxyKnowledge known =
      previous != nullptr ? ProxyKnowledge{} : read_knowledge(context.knowledge);
  const auto make_pool = [&](const std::string& name, const PoolSpec& pool, const std::string& path,
                             const PoolServices& shared) {
    const PoolPrototype* const old = previous != nullptr ? previous->find(name) : nullptr;
    PoolPolicies policies = resolve_policies(pool, path, context.policies, spec.mtls,
                                             old != nullptr ? &old->policies() : nullptr, faults);
    return std::make_shared<const PoolPrototype>(name, pool, spec, std::move(policies), shared, old,
                                                 known.find(name));
  };
  Parts parts;
  parts.stamps = services.stamps;
  parts.compression = spec.compression;
  for (std::size_t i = 0; i < spec.pools.size(); ++i) {
    const PoolSpec& pool = spec.pools[i];
    const std::string path = context.path + ".pools[" + std::to_string(i) + "]";
    if (!pool.filter) {
      parts.main = make_pool(prefix + "#main", pool, path, services);
      continue;
    }
    const std::string name = prefix + "#candidate#" + std::to_string(parts.candidates.size());
    auto filter = RequestMatcher::build(*pool.filter, path + ".filter", faults);
    parts.candidates.push_back({std::move(filter), make_pool(name, pool, path, services)});
  }
  if (spec.mirror_pool) {
    const std::string path = context.path + ".mirrorPool";
    PoolServices apart = services;  // the mirror has other servers: invalidate nothing here
    apart.stamps.reset();
    auto filter = RequestMatcher::build(*spec.mirror_pool->pool.filter, path + ".filter", faults);
    parts.mirror = std::make_shared<const MirrorPrototype>(
        make_pool(prefix + "#mirror", mirror_pool(*spec.mirror_pool), path, apart),
        std::move(filter), *spec.mirror_pool, services.core_count);
  }
  return parts;
}

}  // namespace sluice::filters
