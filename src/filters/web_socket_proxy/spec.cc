// SPDX-License-Identifier: Apache-2.0
#include "filters/web_socket_proxy/spec.h"

#include "filters/web_socket_proxy/origin.h"

namespace sluice::filters {
namespace {

// "ws://a" is "http://a", and "wss://a" is "https://a".
std::string http_url(const std::string& url) {
  const bool web_socket = url.starts_with("ws://") || url.starts_with("wss://");
  return web_socket ? "http" + url.substr(2) : url;
}

// Of 16 octets (RFC 6455 section 4.1). The answer to it is not compared.
constexpr const char* kKey = "c2x1aWNlIGNoZWNrcyB5bw==";

}  // namespace

void WebSocketProbeSpec::validate(const std::string& path, config::Faults& faults) const {
  probe.validate(path, faults);
  if (probe.match.body)
    faults.add(config::join_path(path, "match") + ".body", "has no use: a tunnel has no body");
}

HealthCheckSpec WebSocketHealthSpec::make() const {
  std::vector<HealthCheckSpec> probes;
  if (ws || !http) {
    HealthCheckSpec& probe = probes.emplace_back(ws.value_or(WebSocketProbeSpec()).probe);
    probe.headers.try_emplace("Sec-WebSocket-Version", "13");
    probe.headers.try_emplace("Sec-WebSocket-Key", kKey);
  }
  if (http) probes.push_back(http->probe);
  HealthCheckSpec check = probes.front();
  check.more.assign(probes.begin() + 1, probes.end());
  check.interval = pace.interval;
  check.timeout = pace.timeout;
  check.fails = pace.fails;
  check.passes = pace.passes;
  return check;
}

PoolSpec WebSocketPoolSpec::make() const {
  PoolSpec made = pool;
  for (ServerSpec& server : made.servers.servers) server.url = http_url(server.url);
  if (health_check) made.servers.health_check = health_check->make();
  return made;
}

void WebSocketPoolSpec::validate(const std::string& path, config::Faults& faults) const {
  make().validate(path, faults);
  OriginRule::validate(origin_patterns, config::join_path(path, "originPatterns"), faults);
}

ProxySpec WebSocketProxySpec::make() const {
  ProxySpec proxy;
  proxy.meta = meta;
  for (const WebSocketPoolSpec& pool : pools) proxy.pools.push_back(pool.make());
  return proxy;
}

void WebSocketProxySpec::validate(const std::string& path, config::Faults& faults) const {
  make().validate(path, faults);
}

}  // namespace sluice::filters
