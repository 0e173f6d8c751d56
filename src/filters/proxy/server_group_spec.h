// SPDX-License-Identifier: Apache-2.0
// The fields of a pool that name its servers and the way to reach them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backend/sticky_session.h"
#include "config/fields.h"
#include "filters/proxy/health_check_spec.h"
#include "filters/proxy/tls_spec.h"
#include "filters/proxy/unsupported.h"

namespace sluice::filters {

struct ServerSpec {
  std::string url;
  std::vector<std::string> tags;
  int weight = 0;
  bool keep_host = false;

  void fields(auto& visit) {
    visit("url", url,
          {.required = true,
           .doc = "http[s]://host[:port][/path]; the path goes before the request's"});
    visit("tags", tags, {.unique = true, .doc = "for the choice of servers by tag"});
    visit(
        "weight", weight,
        {.min = 0,
         .max = 100,
         .doc = "share of the requests with roundRobin and weightedRandom; all servers, or none"});
    visit("keepHost", keep_host, {.doc = "send the client's Host, not the server's"});
  }
  bool operator==(const ServerSpec& other) const = default;
};

struct StickySessionSpec {
  std::string mode;
  std::string app_cookie_name;
  std::string lb_cookie_name = "EG_SESSION";
  Duration lb_cookie_expire = std::chrono::hours(2);
  std::string secret;

  void fields(auto& visit) {
    visit("mode", mode,
          {.required = true,
           .one_of = {"CookieConsistentHash", "DurationBased", "ApplicationBased"},
           .doc = "what tells the server of a client"});
    visit("appCookieName", app_cookie_name, {.doc = "cookie of the application"});
    visit("lbCookieName", lb_cookie_name, {.doc = "cookie that Sluice sets"});
    visit("lbCookieExpire", lb_cookie_expire,
          {.min = 1'000'000'000, .doc = "life of that cookie, from the last response on"});
    visit("secret", secret,
          {.secret = true,
           .doc = "keys that cookie, 16 characters at least; the same on all gateways that take "
                  "each other's cookies. Default: the gateway's own"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  // `own_secret`: the gateway's secret, used if the spec has none.
  [[nodiscard]] backend::StickyOptions make(const std::string& own_secret) const;
};

struct LoadBalanceSpec {
  std::string policy = "roundRobin";
  std::string header_hash_key;
  std::optional<StickySessionSpec> sticky_session;
  UnsupportedFields<1> unsupported{
      {{{"forwardKey", "is of the policy forward, which is not supported: take headerHash"}}}};

  void fields(auto& visit) {
    visit("policy", policy,
          {.one_of = {"roundRobin", "random", "weightedRandom", "ipHash", "headerHash",
                      "cookieHash", "leastRequests"},
           .doc = "how a server is chosen"});
    visit("headerHashKey", header_hash_key, {.doc = "header that headerHash takes the hash of"});
    visit("stickySession", sticky_session, {.doc = "clients stay with their server"});
    unsupported.fields(visit);
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

// The fault for a pool that names a service registry.
inline constexpr std::string_view kNoRegistry =
    "there are no service registries: name the servers in `servers`; a host name stands for all "
    "its addresses, and is looked up again";
// The warning for one that names servers, too.
inline constexpr std::string_view kRegistryBesideServers =
    "has no effect: there are no service registries, and the servers are used";

struct ServerGroupSpec {
  std::vector<ServerSpec> servers;
  std::vector<std::string> server_tags;
  LoadBalanceSpec load_balance;
  std::optional<HealthCheckSpec> health_check;
  OutlierSpec outlier_detection;
  bool set_upstream_host = false;
  std::optional<bool> http2;
  std::optional<TlsSpec> tls;
  Duration connect_timeout = std::chrono::seconds(10);
  Duration silence_timeout = std::chrono::minutes(1);
  std::uint32_t max_conns_per_host = 10240;
  std::uint32_t max_queue_per_host = 1024;
  Duration queue_timeout = std::chrono::seconds(10);
  Duration dns_refresh_period = std::chrono::seconds(30);
  UnsupportedFields<2> unsupported{
      {{{"serviceRegistry", kNoRegistry}, {"serviceName", kNoRegistry}}}};

  void fields(auto& visit) { visit_fields(visit, health_check); }
  // `checks`: the spec of the health checks as the kind of filter has it.
  void visit_fields(auto& visit, auto& checks) {
    visit("servers", servers, {.doc = "the backends, one at least"});
    visit("serverTags", server_tags,
          {.unique = true,
           .misspelt = {"serversTags"},
           .doc = "only servers with one of these tags are used; none: all are"});
    visit("loadBalance", load_balance, {.doc = "how a server is chosen"});
    visit("healthCheck", checks, {.doc = "asks the servers whether they are well"});
    visit("outlierDetection", outlier_detection,
          {.doc = "servers that fail requests are left out for a while"});
    visit("setUpstreamHost", set_upstream_host,
          {.doc = "send the server's Host, also if it is an IP address"});
    visit(
        "http2", http2,
        {.doc = "true: HTTP/2 to plain servers too; false: to none; default: to https servers that "
                "agree"});
    visit("tls", tls, {.doc = "to https servers of this pool; default: the proxy's mtls"});
    visit("connectTimeout", connect_timeout,
          {.min = 1'000'000, .doc = "to look a server up and connect to one of its addresses"});
    visit("silenceTimeout", silence_timeout,
          {.min = 1'000'000,
           .doc = "how long a server that is waited for may neither send nor take anything"});
    visit("maxConnsPerHost", max_conns_per_host,
          {.min = 1, .doc = "open connections to one server, idle ones included"});
    visit("maxQueuePerHost", max_queue_per_host,
          {.doc = "requests that wait for one of them; beyond: 503"});
    visit("queueTimeout", queue_timeout,
          {.min = 1'000'000, .doc = "how long they wait at most; then 503"});
    visit("dnsRefreshPeriod", dns_refresh_period,
          {.min = 1'000'000'000, .doc = "names of servers are looked up again after this time"});
    unsupported.fields(visit);
  }
  void validate(const std::string& path, config::Faults& faults) const;
  // The entries of `servers` that `server_tags` selects, in their order.
  [[nodiscard]] std::vector<ServerSpec> chosen() const;

 private:
  void validate_servers(const std::string& path, config::Faults& faults) const;
};

}  // namespace sluice::filters
