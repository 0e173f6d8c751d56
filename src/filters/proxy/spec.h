// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/fields.h"
#include "filters/proxy/server_pool_spec.h"
#include "filters/proxy/unsupported.h"
#include "pipeline/filter.h"

namespace sluice::filters {

struct PoolSpec {
  ServerPoolSpec servers;
  Duration timeout{};
  std::int64_t server_max_body_size = 0;
  std::vector<int> failure_codes;
  UnsupportedFields<5> unsupported{
      {"retryPolicy", "circuitBreakerPolicy", "memoryCache", "filter", "spanName"}};

  void fields(auto& visit) {
    servers.fields(visit);
    visit("timeout", timeout,
          {.min = 0, .doc = "for the whole exchange, or the head of a streamed response; 0: none"});
    visit("serverMaxBodySize", server_max_body_size, {.doc = "as of the proxy; 0: the proxy's"});
    visit("failureCodes", failure_codes,
          {.unique = true, .doc = "statuses with the result failureCode; none given: 500 to 599"});
    unsupported.fields(visit);
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct ProxySpec {
  pipeline::FilterMeta meta;
  std::vector<PoolSpec> pools;
  std::uint32_t max_idle_conns = 10240;
  std::uint32_t max_idle_conns_per_host = 1024;
  std::int64_t server_max_body_size = 0;
  UnsupportedFields<4> unsupported{{"mirrorPool", "compression", "mtls", "maxRedirection"}};

  void fields(auto& visit) {
    meta.fields(visit);
    visit("pools", pools, {.required = true, .min = 1, .doc = "exactly one, the main pool"});
    visit("maxIdleConns", max_idle_conns, {.doc = "idle connections to backends"});
    visit("maxIdleConnsPerHost", max_idle_conns_per_host,
          {.doc = "idle connections to one backend"});
    visit("serverMaxBodySize", server_max_body_size,
          {.doc = "bytes of a response body; 0: 4 MiB; below 0: the body is streamed"});
    unsupported.fields(visit);
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

}  // namespace sluice::filters
