// SPDX-License-Identifier: Apache-2.0
// Parts: the pools of a Proxy, shared by the cores. Immutable but for their counters.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/faults.h"
#include "filters/proxy/mirror.h"
#include "filters/proxy/pool_filter.h"
#include "filters/proxy/request_matcher.h"
#include "filters/proxy/spec.h"
#include "http/field_twins.h"
#include "pipeline/figures.h"
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
  http::FieldTwins deciding;  // headers that choose a pool or a server

  // {"mainPool", "candidatePools", "mirrorPool"}; any thread.
  [[nodiscard]] Json status() const;
  // Adds the figures of all pools, for Prometheus; any thread.
  void expose(const pipeline::FilterPlace& place, observe::Exposition& out) const;
  // Calls PoolPrototype::sample for all pools.
  void sample() const;
};

// Incomplete if faults were added. `services`: without stamps.
[[nodiscard]] Parts build_parts(const ProxySpec& spec, const pipeline::FilterContext& context,
                                PoolServices services, config::Faults& faults);

}  // namespace sluice::filters
