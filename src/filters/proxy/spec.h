// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"
#include "filters/proxy/cache/rules.h"
#include "filters/proxy/compression.h"
#include "filters/proxy/request_matcher.h"
#include "filters/proxy/server_group_spec.h"
#include "pipeline/filter.h"

namespace sluice::filters {

struct PoolSpec {
  ServerGroupSpec servers;
  Duration timeout{};
  std::int64_t server_max_body_size = 0;
  std::vector<int> failure_codes;
  std::optional<RequestMatcherSpec> filter;
  std::string retry_policy;
  std::string circuit_breaker_policy;
  std::optional<MemoryCacheSpec> memory_cache;
  std::string span_name;

  void fields(auto& visit) {
    visit_fields(visit, servers.health_check);
    visit("memoryCache", memory_cache, {.doc = "keep responses and answer with them (RFC 9111)"});
  }
  // All but memoryCache.
  void visit_fields(auto& visit, auto& checks) {
    servers.visit_fields(visit, checks);
    visit("filter", filter, {.doc = "which requests go here; the main pool has none"});
    visit("timeout", timeout,
          {.min = 0,
           .doc = "of one try: the whole exchange, or the head of a streamed response; 0: none"});
    visit("retryPolicy", retry_policy, {.doc = "a Retry of the pipeline's resilience list"});
    visit("circuitBreakerPolicy", circuit_breaker_policy,
          {.doc = "a CircuitBreaker of the pipeline's resilience list"});
    visit("serverMaxBodySize", server_max_body_size, {.doc = "as of the proxy; 0: the proxy's"});
    visit("failureCodes", failure_codes,
          {.unique = true, .doc = "statuses with the result failureCode; none given: 500 to 599"});
    visit("spanName", span_name,
          {.doc = "name of the spans of its requests, if they are traced; none: the method"});
    visit.note("compression", "it belongs to the Proxy, beside pools");
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

// Copies beyond a limit are dropped.
struct MirrorSpec {
  PoolSpec pool;
  std::uint32_t max_copies = 256;
  std::uint32_t max_copied_bytes = 16U << 20;

  void fields(auto& visit) {
    pool.visit_fields(visit, pool.servers.health_check);
    visit.refuse("memoryCache", "has no use in a mirror pool");
    visit("maxCopies", max_copies, {.min = 1, .doc = "copies under way at a time"});
    visit("maxCopiedBytes", max_copied_bytes, {.doc = "of the bodies of these copies"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct ProxySpec {
  pipeline::FilterMeta meta;
  std::vector<PoolSpec> pools;
  std::uint32_t max_idle_conns = 10240;
  std::uint32_t max_idle_conns_per_host = 1024;
  std::int64_t server_max_body_size = 0;
  TlsSpec mtls;
  std::optional<MirrorSpec> mirror_pool;
  std::optional<CompressionSpec> compression;
  std::uint32_t max_redirection = 0;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("pools", pools,
          {.required = true,
           .min = 1,
           .doc = "the first whose filter fits gets the request, else the one without a filter"});
    visit("compression", compression, {.doc = "gzip for the clients that take it"});
    visit("mirrorPool", mirror_pool, {.doc = "gets copies of requests; its answers are dropped"});
    visit("maxIdleConns", max_idle_conns, {.doc = "idle connections to backends"});
    visit("maxIdleConnsPerHost", max_idle_conns_per_host,
          {.doc = "idle connections to one backend"});
    visit("serverMaxBodySize", server_max_body_size,
          {.doc = "bytes of a response body, which is then held whole; 0: it is streamed if it is "
                  "large; below 0: it is streamed always, and no filter gets to see it"});
    visit("mtls", mtls, {.doc = "how TLS to https servers is done"});
    visit("maxRedirection", max_redirection,
          {.max = 20,
           .doc = "redirects within the pool that are followed; 0: the client's to follow"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

}  // namespace sluice::filters
