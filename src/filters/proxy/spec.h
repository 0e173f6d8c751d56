// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// Fields that the configuration may know from elsewhere, and that would be dangerous to ignore.
template <std::size_t N>
struct UnsupportedFields {
  std::array<std::string_view, N> names;
  std::array<config::RawValue, N> values{};

  void fields(auto& visit) {
    for (std::size_t i = 0; i < N; ++i) visit(names[i], values[i], {.doc = "not supported yet"});
  }
  void report(const std::string& path, config::Faults& faults) const {
    for (std::size_t i = 0; i < N; ++i) {
      if (values[i].value.kind == config::Value::Kind::null) continue;
      faults.add(path, "`" + std::string(names[i]) + "` is not supported yet");
    }
  }
};

struct ServerSpec {
  std::string url;
  std::vector<std::string> tags;
  int weight = 0;
  bool keep_host = false;

  void fields(auto& visit) {
    visit(
        "url", url,
        {.required = true, .doc = "http://host[:port][/path]; the path goes before the request's"});
    visit("tags", tags, {.unique = true, .doc = "for the choice of servers by tag"});
    visit("weight", weight,
          {.min = 0, .max = 100, .doc = "share of the requests with weightedRandom"});
    visit("keepHost", keep_host, {.doc = "send the client's Host, not the server's"});
  }
};

struct LoadBalanceSpec {
  std::string policy = "roundRobin";
  std::string header_hash_key;
  UnsupportedFields<3> unsupported{{"stickySession", "healthCheck", "forwardKey"}};

  void fields(auto& visit) {
    visit("policy", policy,
          {.one_of = {"roundRobin", "random", "weightedRandom", "ipHash", "headerHash"},
           .doc = "how a server is chosen"});
    visit("headerHashKey", header_hash_key, {.doc = "header that headerHash takes the hash of"});
    unsupported.fields(visit);
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct PoolSpec {
  std::vector<ServerSpec> servers;
  LoadBalanceSpec load_balance;
  Duration timeout{};
  std::int64_t server_max_body_size = 0;
  bool set_upstream_host = false;
  std::vector<int> failure_codes;
  UnsupportedFields<9> unsupported{{"serviceRegistry", "serviceName", "serverTags", "healthCheck",
                                    "retryPolicy", "circuitBreakerPolicy", "memoryCache", "filter",
                                    "spanName"}};

  void fields(auto& visit) {
    visit("servers", servers, {.required = true, .min = 1, .doc = "the backends"});
    visit("loadBalance", load_balance, {.doc = "how a server is chosen"});
    visit("timeout", timeout,
          {.min = 0, .doc = "for the whole exchange, or the head of a streamed response; 0: none"});
    visit("serverMaxBodySize", server_max_body_size, {.doc = "as of the proxy; 0: the proxy's"});
    visit("setUpstreamHost", set_upstream_host,
          {.doc = "send the server's Host, also if it is an IP address"});
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
