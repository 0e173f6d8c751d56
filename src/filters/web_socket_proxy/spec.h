// SPDX-License-Identifier: Apache-2.0
// The fields of a WebSocketProxy: those of a Proxy's pools, with other health checks, and limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"
#include "filters/proxy/spec.h"
#include "filters/web_socket_proxy/tunnel.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// A health check by a request that asks for an upgrade.
struct WebSocketProbeSpec {
  HealthCheckSpec probe;

  WebSocketProbeSpec() {
    probe.upgrade = "websocket";
    probe.match.status_codes = {{101, 101}};
  }
  void fields(auto& visit) {
    visit("port", probe.port, {.min = 1, .max = 65535, .doc = "default: the server's"});
    visit("uri", probe.uri, {.format = config::Format::path, .doc = "path and query to ask for"});
    visit("headers", probe.headers, {.doc = "of the request; Host among them, if it matters"});
    visit("match", probe.match, {.doc = "what a healthy server answers; default: 101"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct HttpProbeSpec {
  HealthCheckSpec probe;
  void fields(auto& visit) { probe.visit_probe(visit); }
  void validate(const std::string& path, config::Faults& faults) const {
    probe.validate(path, faults);
  }
};

struct WebSocketHealthSpec {
  HealthCheckSpec pace;
  std::optional<WebSocketProbeSpec> ws;
  std::optional<HttpProbeSpec> http;

  void fields(auto& visit) {
    pace.visit_pace(visit);
    visit("ws", ws, {.doc = "asks for an upgrade; default if there is no http either"});
    visit("http", http, {.doc = "an ordinary request; with ws: a healthy server answers both"});
  }
  [[nodiscard]] HealthCheckSpec make() const;
};

struct WebSocketPoolSpec {
  PoolSpec pool;  // of the spec as given: without health checks, with ws URLs
  std::optional<WebSocketHealthSpec> health_check;
  MessageLimits limits;
  bool insecure_skip_verify = false;
  std::vector<std::string> origin_patterns;

  void fields(auto& visit) {
    pool.visit_fields(visit, health_check);
    visit.refuse("memoryCache", "has no use: a tunnel cannot be kept");
    visit("clientMaxMsgSize", limits.from_client,
          {.min = -1, .doc = "bytes of a client's message; -1 or 0: no limit"});
    visit("serverMaxMsgSize", limits.from_server,
          {.min = -1, .doc = "bytes of a server's message; -1 or 0: no limit"});
    visit("insecureSkipVerify", insecure_skip_verify,
          {.doc = "pages of any origin may connect; TLS is not concerned"});
    visit("originPatterns", origin_patterns,
          {.unique = true,
           .doc = "hosts whose pages may connect beside the request's own, with * and ?"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  // The pool of a Proxy.
  [[nodiscard]] PoolSpec make() const;
};

struct WebSocketProxySpec {
  pipeline::FilterMeta meta;
  std::vector<WebSocketPoolSpec> pools;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("pools", pools,
          {.required = true,
           .min = 1,
           .doc = "the first whose filter fits gets the request, else the one without a filter"});
    visit.note("defaultOrigin", "a backend gets the client's Origin, or none");
  }
  void validate(const std::string& path, config::Faults& faults) const;
  [[nodiscard]] ProxySpec make() const;
};

}  // namespace sluice::filters
