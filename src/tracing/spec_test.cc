// SPDX-License-Identifier: Apache-2.0
#include "tracing/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/value.h"

namespace sluice::tracing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

struct Decoded {
  TracingSpec spec;
  config::Faults faults;
};

Decoded decode(const std::string& text) {
  Decoded out;
  const auto value = config::parse_document(text);
  out.spec = config::decode<TracingSpec>(*value, "tracing", out.faults);
  return out;
}

Settings settings(const std::string& text, const Environment& environment = {}) {
  const Decoded decoded = decode(text);
  EXPECT_THAT(decoded.faults.lines(), IsEmpty()) << text;
  return decoded.spec.resolve(environment, "http-shop");
}

TEST(TracingSpec, Defaults) {
  const Settings all = settings("{}");
  EXPECT_EQ(all.service_name, "http-shop");
  EXPECT_EQ(all.sample_rate, 1);
  EXPECT_TRUE(all.parent_decides);
  EXPECT_EQ(all.batch.queue_spans, 2048U);
  EXPECT_EQ(all.limits, SpanLimits());
  ASSERT_EQ(all.endpoints.size(), 1U);
  EXPECT_EQ(all.endpoints[0].url, "http://localhost:4318/v1/traces");
}

TEST(TracingSpec, EveryFieldCounts) {
  const Settings all = settings(
      "{serviceName: shop, sampleRate: 0.25, trustParent: false, headerFormat: b3, attributes: {a: "
      "new}, tags: {a: old, b: '2'}, spanLimits: {attributeValueLengthLimit: 9, "
      "attributeCountLimit: 3, eventCountLimit: 4, attributePerEventCountLimit: 5}, batchLimits: "
      "{maxQueueSize: 7, batchTimeout: 8, exportTimeout: 10, maxExportBatchSize: 6}, exporter: "
      "{zipkin: {endpoint: 'http://z'}, otlp: {protocol: grpc, endpoint: 'o:1', insecure: true, "
      "compression: gzip, headers: {k: v}}}}");
  EXPECT_EQ(all.service_name, "shop");
  EXPECT_EQ(all.sample_rate, 0.25);
  EXPECT_FALSE(all.trust_parent);
  EXPECT_EQ(all.format, HeaderFormat::b3);
  EXPECT_THAT(all.attributes, ElementsAre(Pair("a", "new"), Pair("b", "2")));
  EXPECT_EQ(all.limits, (SpanLimits{9, 3, 4, 5}));
  EXPECT_EQ(all.batch, (BatchLimits{7, 3, std::chrono::milliseconds(8)}));
  ASSERT_EQ(all.endpoints.size(), 2U);
  EXPECT_EQ(all.endpoints[0].url, "http://z/api/v2/spans");
  EXPECT_EQ(all.endpoints[0].timeout, std::chrono::milliseconds(10));
  EXPECT_EQ(all.endpoints[1].protocol, Protocol::otlp_grpc);
  EXPECT_THAT(all.endpoints[1].url, StartsWith("http://o:1/"));
  EXPECT_TRUE(all.endpoints[1].gzip);
  EXPECT_THAT(all.endpoints[1].headers, ElementsAre(Pair("k", "v")));
}

TEST(TracingSpec, TheEnvironmentFillsGaps) {
  Environment environment;
  environment.service_name = "env";
  environment.attributes = {{"a", "env"}, {"c", "env"}};
  environment.sample_rate = 0.5;
  environment.parent_decides = false;
  environment.format = HeaderFormat::b3;
  environment.endpoint.url = "http://env/v1/traces";
  const Settings none = settings("{}", environment);
  EXPECT_EQ(none.service_name, "env");
  EXPECT_EQ(none.sample_rate, 0.5);
  EXPECT_FALSE(none.parent_decides);
  EXPECT_EQ(none.format, HeaderFormat::b3);
  EXPECT_EQ(none.endpoints[0].url, "http://env/v1/traces");
  const Settings own = settings(
      "{serviceName: own, attributes: {a: own}, sampleRate: 0.1, headerFormat: trace-context, "
      "exporter: {otlp: {endpoint: 'http://own'}}}",
      environment);
  EXPECT_EQ(own.service_name, "own");
  EXPECT_THAT(own.attributes, ElementsAre(Pair("a", "own"), Pair("c", "env")));
  EXPECT_EQ(own.sample_rate, 0.1);
  EXPECT_TRUE(own.parent_decides);
  EXPECT_EQ(own.format, HeaderFormat::trace_context);
  ASSERT_EQ(own.endpoints.size(), 1U);
  EXPECT_EQ(own.endpoints[0].url, "http://own/v1/traces");
}

TEST(TracingSpec, TheOlderSpellingOfZipkin) {
  const Decoded old = decode(
      "{serviceName: shop, zipkin: {hostport: 'a:1', serverURL: 'http://z:9412/api/v2/spans', "
      "sampleRate: 0.5, sameSpan: true, id128Bit: false}}");
  EXPECT_THAT(old.faults.lines(), IsEmpty());
  EXPECT_THAT(old.faults.warnings(), ElementsAre(StartsWith("tracing.zipkin: is the older")));
  const Settings all = old.spec.resolve({}, "s");
  EXPECT_EQ(all.sample_rate, 0.5);
  ASSERT_EQ(all.endpoints.size(), 1U);
  EXPECT_EQ(all.endpoints[0].url, "http://z:9412/api/v2/spans");
}

TEST(TracingSpec, ACollectorGetsSpansOnce) {
  const Settings all = decode(
                           "{exporter: {zipkin: {endpoint: 'http://z'}}, zipkin: {serverURL: "
                           "'http://z/api/v2/spans', sampleRate: 1}}")
                           .spec.resolve({}, "s");
  EXPECT_EQ(all.endpoints.size(), 1U);
}

TEST(TracingSpec, JaegerTakesOtlp) {
  const Decoded alone = decode("{exporter: {jaeger: {mode: agent, endpoint: 'a:6831'}}}");
  EXPECT_THAT(alone.faults.lines(), ElementsAre(StartsWith("tracing.exporter.jaeger: ")));
  const Decoded beside =
      decode("{exporter: {jaeger: {mode: agent}, zipkin: {endpoint: 'http://z'}}}");
  EXPECT_THAT(beside.faults.lines(), IsEmpty());
  EXPECT_THAT(beside.faults.warnings(), ElementsAre(HasSubstr("no spans go there")));
  EXPECT_EQ(beside.spec.resolve({}, "s").endpoints.size(), 1U);
}

TEST(TracingSpec, Faults) {
  const auto faults = [](const std::string& text) { return decode(text).faults.lines(); };
  EXPECT_THAT(faults("{sampleRate: 1.5}"), ElementsAre(StartsWith("tracing.sampleRate: ")));
  EXPECT_THAT(faults("{headerFormat: jaeger}"), ElementsAre(StartsWith("tracing.headerFormat: ")));
  EXPECT_THAT(faults("{exporter: {zipkin: {endpoint: 'http://z/a b'}}}"),
              ElementsAre(StartsWith("tracing.exporter.zipkin.endpoint: ")));
  EXPECT_THAT(faults("{exporter: {otlp: {endpoint: 'ftp://z'}}}"),
              ElementsAre(StartsWith("tracing.exporter.otlp.endpoint: ")));
  EXPECT_THAT(faults("{exporter: {otlp: {endpoint: 'z:1', headers: {'a b': c}}}}"),
              ElementsAre("tracing.exporter.otlp.headers[\"a b\"]: is not a header"));
  EXPECT_THAT(faults("{zipkin: {serverURL: 'http://z'}}"),
              ElementsAre("tracing.zipkin.sampleRate: is required"));
  EXPECT_THAT(faults("{batchLimits: {maxQueueSize: 0}}"),
              ElementsAre("tracing.batchLimits.maxQueueSize: 0 is under 1"));
}

}  // namespace
}  // namespace sluice::tracing
