// SPDX-License-Identifier: Apache-2.0
#include "server/server_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/router.h"

namespace sluice::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kBase = "{kind: HTTPServer, name: demo, port: 10080";

struct Decoded {
  HttpServerSpec spec;
  std::vector<std::string> faults;
};

Decoded decode(std::string_view text) {
  const auto document = config::parse_document(text);
  EXPECT_TRUE(document) << document.error().message;
  config::Faults faults;
  auto spec = config::decode<HttpServerSpec>(*document, "", faults);
  spec.validate(faults);
  static_cast<void>(router::Router::build(spec, faults));
  return {std::move(spec), faults.lines()};
}

std::vector<std::string> faults_with(std::string_view more) {
  return decode(std::string(kBase) + ", " + std::string(more) + "}").faults;
}

TEST(HttpServerSpec, DecodesTheServerOfTheCookbook) {
  const Decoded decoded = decode(R"(
kind: HTTPServer
name: demo-server
port: 10080
keepAlive: true
https: false
rules:
- paths:
  - pathPrefix: /pipeline
    backend: pipeline-demo
)");
  EXPECT_THAT(decoded.faults, IsEmpty());
  EXPECT_EQ(decoded.spec.port, 10080);
  EXPECT_EQ(decoded.spec.max_connections, 10240U);
  EXPECT_EQ(decoded.spec.keep_alive_timeout, std::chrono::seconds(60));
  EXPECT_EQ(decoded.spec.rules.at(0).paths.at(0).backend, "pipeline-demo");
}

TEST(HttpServerSpec, NamesWhatIsNoAddress) {
  EXPECT_THAT(
      faults_with("trustedProxies: [10.0.0.0/8, shop.example]"),
      ElementsAre(::testing::StartsWith("trustedProxies[1]: \"shop.example\" is not an IP")));
  EXPECT_THAT(faults_with("headTimeout: 0s"), ElementsAre(::testing::StartsWith("headTimeout: ")));
}

TEST(HttpServerSpec, WhatGetShowsCanBePut) {
  const Decoded decoded = decode(R"(
name: a
kind: HTTPServer
port: 80
address: 127.0.0.1
http3: false
certs: {}
ipFilter: {blockIPs: [10.0.0.0/8]}
createdAt: 2022-07-24T00:00:00Z
rules:
- host: "*.shop.com"
  hosts: [{isRegexp: true, value: ^a}]
  paths:
  - {path: /a, rewriteTarget: /b, methods: [GET], backend: p, clientMaxBodySize: -1,
     headers: [{key: X, values: [a]}], setHeaders: {X-Host: $host}, ipFilter: {allowIPs: [1.2.3.4]}}
)");
  EXPECT_THAT(decoded.faults, IsEmpty());
  const Json first = config::encode(decoded.spec);
  EXPECT_FALSE(first.contains("createdAt"));
  const Decoded again = decode(first.dump());
  EXPECT_THAT(again.faults, IsEmpty());
  EXPECT_EQ(config::encode(again.spec), first);
}

TEST(HttpServerSpec, HasASchema) {
  const Json schema = config::schema<HttpServerSpec>();
  EXPECT_EQ(schema.at("required"), Json::parse(R"(["name", "kind", "port"])"));
  EXPECT_EQ(schema.at("properties").at("port").at("minimum"), 1);
}

TEST(HttpServerSpec, ReportsFaults) {
  EXPECT_THAT(decode("{}").faults,
              ElementsAre("name: is required", "kind: is required", "port: is required"));
  EXPECT_THAT(decode("{name: a, kind: Pipeline, port: 99999, rules: {}}").faults,
              ElementsAre("kind: \"Pipeline\" is not one of HTTPServer",
                          "port: 99999 is over 65535", "rules: must be a list, is a map"));
}

TEST(HttpServerSpec, SaysWhatToDo) {
  const std::vector<std::pair<std::string_view, std::string>> cases{
      {"http3: true", "http3: HTTP/3 is not supported yet"},
      {"autoCert: true",
       "autoCert: is not there: certificates come from files or from the spec for now: give "
       "certBase64 and keyBase64, renew them outside, and apply again (docs/tls.md)"},
      {"tracing: {sampleRate: 2}", "tracing.sampleRate: 2 is over 1"},
      {"routerKind: x", "routerKind: \"x\" is not one of Ordered, RadixTree"},
      {"address: remote", "address: \"remote\" is not an IP address, try 127.0.0.1 or localhost"},
      {"maxConnections: 0", "maxConnections: 0 is under 1"},
      {"keepAliveTimeout: 0s", "keepAliveTimeout: 0s is under 1ms"},
      {"keepAliveTimout: 1s", "keepAliveTimout: is unknown, did you mean \"keepAliveTimeout\"?"},
      {"rules: [{paths: [{backnd: p}]}]",
       "rules[0].paths[0].backnd: is unknown, did you mean \"backend\"?"},
      {"rules: [{paths: [{path: /}]}]", "rules[0].paths[0].backend: is required"},
      {"ipFilter: {allowIPs: [10.0.0.300]}",
       "ipFilter.allowIPs[0]: \"10.0.0.300\" is not an IP address or CIDR, try 10.0.0.0/8"}};
  for (const auto& [text, fault] : cases) {
    EXPECT_THAT(faults_with(text), ElementsAre(fault)) << text;
  }
}

TEST(HttpServerSpec, AcceptsWhatSwitchesNothingOn) {
  EXPECT_THAT(
      faults_with(
          "https: false, http3: false, autoCert: false, certBase64: \"\", certs: {}, "
          "tracing: , globalFilter: \"\", routerKind: \"\", address: localhost, cacheSize: 200"),
      IsEmpty());
}

TEST(HttpServerSpec, OverloadHasDefaultsAndBounds) {
  const auto overload = decode(std::string(kBase) + "}").spec.overload;
  EXPECT_EQ(overload.target, std::chrono::milliseconds(200));
  EXPECT_EQ(overload.retry_after, std::chrono::seconds(1));
  EXPECT_THAT(faults_with("overload: {target: 0ms, retryAfter: 1h}"), IsEmpty());
  EXPECT_EQ(faults_with("overload: {target: -1ms}").size(), 1U);
  EXPECT_EQ(faults_with("overload: {retryAfter: 10ms}").size(), 1U);
}

}  // namespace
}  // namespace sluice::server
