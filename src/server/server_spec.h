// SPDX-License-Identifier: Apache-2.0
// The spec of an HTTPServer.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/fields.h"
#include "router/rule_spec.h"
#include "tracing/spec.h"

namespace sluice::server {

// The value that clientMaxBodySize 0 stands for.
inline constexpr std::int64_t kDefaultBodyBytesMax = 4 << 20;

// The behaviour of a core that cannot keep up: docs/overload.md.
struct OverloadSpec {
  Duration target = std::chrono::milliseconds(200);
  Duration retry_after = std::chrono::seconds(1);

  void fields(auto& visit) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    visit("target", target,
          {.min = 0,
           .doc = "a request of an unknown user that has waited longer than this for its core is "
                  "answered 503; 0: every one"});
    visit("retryAfter", retry_after,
          {.min = kSecond,
           .max = 3600 * kSecond,
           .doc = "Retry-After of that, at least; spread over up to twice as long"});
  }
};

// The places of maxConnections that one address cannot take, unless clientLimits sets another
// limit.
inline constexpr std::uint32_t kPlacesForOthers = 64;
inline constexpr std::int64_t kConnectionMemory = 32 << 20;

// The limits of one client address. An IPv6 client is its /64 network. The meaning of 0 differs per
// field.
struct ClientLimitsSpec {
  std::uint32_t connections = 0;
  std::uint32_t streams = 0;
  std::uint32_t requests_per_second = 0;
  std::uint32_t handshakes_per_second = 0;

  void fields(auto& visit) {
    visit("connections", connections,
          {.doc = "at once; further ones are closed; 0: all of maxConnections but 64"});
    visit("streams", streams, {.doc = "HTTP/2 requests at once; then 429; 0: no limit"});
    visit("requestsPerSecond", requests_per_second,
          {.max = 1'000'000, .doc = "as many may come at once; then 429; 0: no limit"});
    visit("handshakesPerSecond", handshakes_per_second,
          {.max = 1'000'000, .doc = "TLS; further connections are closed; 0: no limit"});
  }
};

// The id that every request has: server/request_id.h.
struct RequestIdSpec {
  std::string header = "X-Request-Id";
  std::string trust = "trustedProxies";
  bool respond = true;

  void fields(auto& visit) {
    visit("header", header, {.doc = "the header of the request and of the response"});
    visit("trust", trust,
          {.one_of = {"trustedProxies", "none"},
           .doc = "whose own id stays; trustedProxies: those of the server"});
    visit("respond", respond, {.doc = "false: only the backends get the id"});
  }
  [[nodiscard]] bool trusts_proxies() const { return trust == "trustedProxies"; }
};

struct HttpServerSpec : router::RouterSpec {
  std::string name;
  std::string kind = "HTTPServer";
  std::string version = "easegress.megaease.com/v2";
  std::map<std::string, std::string> labels;
  std::uint16_t port = 0;
  std::string address;
  bool keep_alive = true;
  Duration keep_alive_timeout = std::chrono::seconds(60);
  Duration head_timeout = std::chrono::seconds(30);
  Duration body_timeout = std::chrono::seconds(60);
  Duration write_timeout = std::chrono::seconds(60);
  Duration tunnel_timeout = std::chrono::minutes(10);
  std::uint32_t max_connections = 10240;
  std::int64_t connection_memory = kConnectionMemory;
  ClientLimitsSpec client_limits;
  bool http2 = true;
  bool https = false;
  std::string cert_base64;
  std::string key_base64;
  std::map<std::string, std::string> certs;
  std::map<std::string, std::string> keys;
  std::string ca_cert_base64;
  std::uint32_t cache_size = 0;
  bool x_forwarded_for = false;
  std::vector<std::string> trusted_proxies;
  bool x_real_ip = true;
  bool proxy_protocol = false;
  std::int64_t client_max_body_size = 0;
  std::string global_filter;
  std::string access_log_format;
  OverloadSpec overload;
  std::optional<tracing::TracingSpec> tracing;
  std::optional<RequestIdSpec> request_id;
  std::string health_path;
  // Not supported yet. A value that switches nothing on is accepted.
  config::UndecodedValue http3;
  config::UndecodedValue auto_cert;

  void fields(auto& visit) {
    visit("name", name,
          {.required = true, .format = config::Format::name, .doc = "unique among all objects"});
    visit("kind", kind, {.required = true, .one_of = {"HTTPServer"}, .doc = "HTTPServer"});
    visit("version", version, {.doc = "free text"});
    visit("labels", labels, {.doc = "free text"});
    visit.ignore("createdAt");  // set by the server; a client that puts back a read object sends it
    visit("port", port, {.required = true, .min = 1, .doc = "port to listen on"});
    visit("address", address, {.doc = "IP address to listen on, or localhost; empty: all"});
    visit("keepAlive", keep_alive, {.doc = "false: one request per connection"});
    visit("keepAliveTimeout", keep_alive_timeout,
          {.min = kTimeoutMin, .doc = "how long a connection may be idle"});
    visit_timeouts(visit);
    visit("maxConnections", max_connections,
          {.min = 1, .misspelt = {"maxConnection"}, .doc = "further ones wait"});
    visit("connectionMemory", connection_memory,
          {.min = 1 << 20,
           .doc = "bytes of requests and responses that a connection may have held; then 503"});
    visit("clientLimits", client_limits, {.doc = "what one client address may have"});
    visit("http2", http2, {.doc = "HTTP/2, by ALPN or prior knowledge; false: HTTP/1 only"});
    visit("https", https, {.doc = "TLS 1.2 and 1.3; needs a certificate"});
    visit("certBase64", cert_base64, {.doc = "certificate with its chain, PEM in base64"});
    visit("keyBase64", key_base64,
          {.secret = true, .doc = "its key, PEM in base64, without a passphrase"});
    visit("certs", certs, {.doc = "name -> certificate, PEM or PEM in base64; chosen by SNI"});
    visit("keys", keys, {.secret = true, .doc = "name -> the key of the certificate of that name"});
    visit("caCertBase64", ca_cert_base64,
          {.doc = "PEM bundle in base64: clients must show a certificate of one of these"});
    visit("cacheSize", cache_size, {.doc = "no effect: routing needs no cache"});
    visit_spelling(visit);
    visit("xForwardedFor", x_forwarded_for, {.doc = "append the client to X-Forwarded-For"});
    visit("trustedProxies", trusted_proxies,
          {.format = config::Format::ip_or_cidr,
           .unique = true,
           .doc = "whose X-Forwarded-For, X-Real-Ip and X-Forwarded-Proto are believed"});
    visit("xRealIP", x_real_ip,
          {.doc = "believe X-Real-Ip of trustedProxies where X-Forwarded-For is absent"});
    visit("proxyProtocol", proxy_protocol,
          {.doc = "connections begin with a PROXY header, version 1 or 2"});
    visit("clientMaxBodySize", client_max_body_size,
          {.doc = "bytes; 0: 4 MiB; negative: streamed without limit"});
    visit_ip_filter(visit);
    visit("globalFilter", global_filter,
          {.format = config::Format::name,
           .doc = "name of a GlobalFilter: filters around every pipeline"});
    visit_router_kind(visit);
    visit("accessLogFormat", access_log_format, {.doc = "template of a line"});
    visit("overload", overload, {.doc = "what happens when a core cannot keep up"});
    visit(
        "requestId", request_id,
        {.doc = "every request gets an id; without this, a client's X-Request-Id passes as it is"});
    visit("healthPath", health_path,
          {.format = config::Format::path,
           .doc = "path that says whether the process is ready, 200 or 503; empty: none"});
    visit("tracing", tracing, {.doc = "traces of requests, for OpenTelemetry or Zipkin"});
    visit_rules(visit);
    visit_unsupported(visit);
  }
  // Returns the IP address to listen on; "": all.
  [[nodiscard]] std::string listen_address() const {
    return address == "localhost" ? "127.0.0.1" : address;
  }
  // Returns the effective clientLimits.connections.
  [[nodiscard]] std::uint32_t client_connections_max() const {
    if (client_limits.connections > 0) return client_limits.connections;
    return max_connections > 2 * kPlacesForOthers ? max_connections - kPlacesForOthers
                                                  : max_connections;
  }
  [[nodiscard]] bool wants_auto_cert() const;
  // Adds faults that concern several fields. Paths begin at the root of the document.
  void validate(config::Faults& faults) const;

 private:
  static constexpr std::int64_t kTimeoutMin = 1'000'000;  // 1 ms

  void visit_timeouts(auto& visit) {
    visit("headTimeout", head_timeout,
          {.min = kTimeoutMin, .doc = "from the first byte of a request to the end of its head"});
    visit("bodyTimeout", body_timeout,
          {.min = kTimeoutMin, .doc = "for every 64 KiB of a request's body to arrive"});
    visit("writeTimeout", write_timeout,
          {.min = kTimeoutMin, .doc = "for the client to take every 64 KiB of a response"});
    visit("tunnelTimeout", tunnel_timeout,
          {.min = kTimeoutMin,
           .doc = "silence in both directions after an upgrade, as to WebSocket"});
  }
  void visit_unsupported(auto& visit) {
    visit("http3", http3, {.doc = "is not there yet: false, or left out"});
    visit("autoCert", auto_cert, {.doc = "is not there yet: false, or left out"});
  }
};

}  // namespace sluice::server
