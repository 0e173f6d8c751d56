// SPDX-License-Identifier: Apache-2.0
// Parts: the pools of a Proxy, shared by the cores. Immutable but for their counters.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/faults.h"
#include "filters/proxy/mirror.h"
#include "filters/proxy/pool.h"
#include "filters/proxy/request_matcher.h"
#include "filters/proxy/spec.h"
#include "pipeline/filter.h"

namespace sluice::filters {

struct Parts {
  struct Candidate {
    RequestMatcher filter;
    std::shared_ptr<const PoolPrototype> pool;
  };
  std::shared_ptr<const PoolPrototype> main;
  std::vector<Candidate> candidates;
  std::shared_ptr<const MirrorPrototype> mirror;  // may be null
  std::optional<CompressionSpec> compression;
  // Shared by the caches of all pools; null if there are none. The next generation takes it over.
  std::shared_ptr<InvalidationStamps> stamps;

  // For the successor of this process.
  [[nodiscard]] Json knowledge() const;
  // Null if no pool has that name.
  [[nodiscard]] const PoolPrototype* find(std::string_view name) const;
  // {"mainPool", "candidatePools", "mirrorPool"}; any thread.
  [[nodiscard]] Json status() const;
  // Calls PoolPrototype::sample for all pools.
  void sample() const;
};

// Incomplete if faults were added. `previous`: the parts of the filter in the running generation,
// whose pools hand over their state by name; may be null. `services`: without stamps.
[[nodiscard]] Parts build_parts(const ProxySpec& spec, const pipeline::FilterContext& context,
                                const Parts* previous, PoolServices services,
                                config::Faults& faults);

}  // namespace sluice::filters
