// SPDX-License-Identifier: Apache-2.0
// Covers: endpoint_url.cc
#include "tracing/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tracing/endpoint_url.h"

namespace sluice::tracing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;
using ::testing::StartsWith;

struct Read {
  Environment environment;
  std::vector<std::string> faults;
};

Read read(const std::map<std::string, std::string>& variables) {
  Read out;
  out.environment = Environment::read(
      [&](const char* name) {
        const auto found = variables.find(name);
        return found != variables.end() ? found->second.c_str() : nullptr;
      },
      out.faults);
  return out;
}

TEST(Environment, AsksForNothingByItself) {
  const auto [environment, faults] = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", " "}});
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_FALSE(environment.asks_for_traces);
  EXPECT_FALSE(environment.disabled);
  EXPECT_EQ(environment.endpoint.url, "http://localhost:4318/v1/traces");
  EXPECT_EQ(environment.sample_rate, std::nullopt);
}

TEST(Environment, AnEndpointOfAllSignalsGetsAPath) {
  const auto [environment, faults] =
      read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example:4318/base/"},
            {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x-team = shop"},
            {"OTEL_EXPORTER_OTLP_TIMEOUT", "1500"},
            {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
            {"OTEL_SERVICE_NAME", "shop"},
            {"OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=live,service.name=other"}});
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_TRUE(environment.asks_for_traces);
  const Endpoint& endpoint = environment.endpoint;
  EXPECT_EQ(endpoint.url, "https://otel.example:4318/base/v1/traces");
  EXPECT_THAT(endpoint.headers, ElementsAre(Pair("api-key", "a b"), Pair("x-team", "shop")));
  EXPECT_EQ(endpoint.timeout, std::chrono::milliseconds(1500));
  EXPECT_TRUE(endpoint.gzip);
  EXPECT_EQ(environment.service_name, "shop");
  EXPECT_THAT(environment.attributes, ElementsAre(Pair("deployment.environment", "live")));
}

TEST(Environment, TheVariablesOfTracesCountFirst) {
  const auto [environment, faults] =
      read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:1"},
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:2/own"},
            {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "7"}});
  EXPECT_EQ(environment.endpoint.url, "http://traces:2/own");
  EXPECT_EQ(environment.endpoint.timeout, std::chrono::milliseconds(7));
}

TEST(Environment, Grpc) {
  const auto [environment, faults] = read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}});
  EXPECT_EQ(environment.endpoint.protocol, Protocol::otlp_grpc);
  EXPECT_THAT(environment.endpoint.url, StartsWith("http://localhost:4317/opentelemetry.proto."));
}

TEST(Environment, Zipkin) {
  const auto [environment, faults] =
      read({{"OTEL_TRACES_EXPORTER", "zipkin"},
            {"OTEL_EXPORTER_ZIPKIN_ENDPOINT", "http://z:9411/api/v2/spans"}});
  EXPECT_EQ(environment.endpoint.protocol, Protocol::zipkin);
  EXPECT_EQ(environment.endpoint.url, "http://z:9411/api/v2/spans");
  EXPECT_TRUE(environment.asks_for_traces);
}

TEST(Environment, SwitchesTracingOff) {
  EXPECT_TRUE(read({{"OTEL_SDK_DISABLED", "True"}}).environment.disabled);
  EXPECT_TRUE(read({{"OTEL_TRACES_EXPORTER", "none"}}).environment.disabled);
  EXPECT_FALSE(read({{"OTEL_SDK_DISABLED", "1"}}).environment.disabled);
}

TEST(Environment, Samplers) {
  const auto rate = [](const std::string& name, const std::string& number = "") {
    return read({{"OTEL_TRACES_SAMPLER", name}, {"OTEL_TRACES_SAMPLER_ARG", number}}).environment;
  };
  EXPECT_THAT(rate("always_on").sample_rate, Optional(1));
  EXPECT_FALSE(rate("always_on").parent_decides);
  EXPECT_THAT(rate("parentbased_always_off").sample_rate, Optional(0));
  EXPECT_TRUE(rate("parentbased_always_off").parent_decides);
  EXPECT_THAT(rate("parentbased_traceidratio", "0.25").sample_rate, Optional(0.25));
  EXPECT_THAT(rate("traceidratio").sample_rate, Optional(1));
  EXPECT_EQ(rate("traceidratio", "1.5").sample_rate, std::nullopt);
}

TEST(Environment, Propagators) {
  const auto format = [](const std::string& list) {
    return read({{"OTEL_PROPAGATORS", list}}).environment.format;
  };
  EXPECT_EQ(format("tracecontext,baggage"), std::nullopt);
  EXPECT_THAT(format("b3multi"), Optional(HeaderFormat::b3));
  EXPECT_EQ(format("b3,tracecontext"), std::nullopt);
}

TEST(Environment, SaysWhatItCannotUse) {
  const auto faults = [](const std::string& name, const std::string& value) {
    return read({{name, value}}).faults;
  };
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://"},
                                          {"OTEL_EXPORTER_OTLP_HEADERS", "no-value"},
                                          {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a b=c"},
                                          {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},
                                          {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                                          {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"},
                                          {"OTEL_RESOURCE_ATTRIBUTES", "=x"},
                                          {"OTEL_TRACES_EXPORTER", "console"},
                                          {"OTEL_TRACES_SAMPLER", "jaeger_remote"}}) {
    EXPECT_THAT(faults(name, value), ElementsAre(StartsWith(name + ": "))) << name;
  }
}

TEST(EndpointUrl, OfOtlp) {
  const auto http = [](std::string_view text, bool insecure, bool for_traces = true) {
    return otlp_url(text, Protocol::otlp_http, insecure, for_traces).value_or("refused");
  };
  EXPECT_EQ(http("localhost:4318", true), "http://localhost:4318/v1/traces");
  EXPECT_EQ(http("otel.example:4318", false), "https://otel.example:4318/v1/traces");
  EXPECT_EQ(http("http://a:1/own?k=v", false), "http://a:1/own?k=v");
  EXPECT_EQ(http("http://a:1/", false), "http://a:1/v1/traces");
  EXPECT_EQ(http("http://a:1/own", false, false), "http://a:1/own/v1/traces");
  EXPECT_EQ(http("ftp://a", false), "refused");
  EXPECT_EQ(http("http://a/x y", false), "refused");
  EXPECT_EQ(otlp_url("a:4317/x", Protocol::otlp_grpc, true, true).value_or(""),
            "http://a:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export");
}

TEST(EndpointUrl, OfZipkin) {
  EXPECT_EQ(zipkin_url("http://z:9411").value_or(""), "http://z:9411/api/v2/spans");
  EXPECT_EQ(zipkin_url("http://z/own").value_or(""), "http://z/own");
  EXPECT_FALSE(zipkin_url("z"));
}

}  // namespace
}  // namespace sluice::tracing
