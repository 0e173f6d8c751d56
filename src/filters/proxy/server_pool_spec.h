// SPDX-License-Identifier: Apache-2.0
// The fields of a pool that say which servers there are and how they are reached.
#pragma once

#include <string>
#include <vector>

#include "config/fields.h"
#include "filters/proxy/unsupported.h"

namespace sluice::filters {

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

struct ServerPoolSpec {
  std::vector<ServerSpec> servers;
  LoadBalanceSpec load_balance;
  bool set_upstream_host = false;
  UnsupportedFields<4> unsupported{{"serviceRegistry", "serviceName", "serverTags", "healthCheck"}};

  void fields(auto& visit) {
    visit("servers", servers, {.required = true, .min = 1, .doc = "the backends"});
    visit("loadBalance", load_balance, {.doc = "how a server is chosen"});
    visit("setUpstreamHost", set_upstream_host,
          {.doc = "send the server's Host, also if it is an IP address"});
    unsupported.fields(visit);
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

}  // namespace sluice::filters
