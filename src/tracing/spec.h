// SPDX-License-Identifier: Apache-2.0
// `tracing` of an HTTPServer.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "config/fields.h"
#include "tracing/environment.h"
#include "tracing/settings.h"

namespace sluice::tracing {

struct SpanLimitsSpec {
  std::int64_t value_length = -1;
  std::uint32_t attributes = 128;
  std::uint32_t events = 128;
  std::uint32_t links = 128;
  std::uint32_t event_attributes = 128;
  std::uint32_t link_attributes = 128;

  void fields(auto& visit) {
    visit("attributeValueLengthLimit", value_length,
          {.min = -1, .doc = "bytes of a value; -1: 1024, which is also the most"});
    visit("attributeCountLimit", attributes, {.max = 128, .doc = "attributes of a span"});
    visit("eventCountLimit", events, {.max = 128, .doc = "events of a span"});
    visit("linkCountLimit", links, {.doc = "no effect: spans have no links"});
    visit("attributePerEventCountLimit", event_attributes,
          {.max = 128, .doc = "attributes of an event"});
    visit("attributePerLinkCountLimit", link_attributes, {.doc = "no effect: spans have no links"});
  }
};

struct BatchLimitsSpec {
  std::uint32_t queue = 2048;
  std::int64_t delay_ms = 5000;
  std::int64_t timeout_ms = 30000;
  std::uint32_t batch = 512;

  void fields(auto& visit) {
    visit("maxQueueSize", queue,
          {.min = 1, .max = 65536, .doc = "spans that a core holds; more are dropped and counted"});
    visit(
        "batchTimeout", delay_ms,
        {.min = 1, .max = 3'600'000, .doc = "milliseconds until a batch that is not full leaves"});
    visit("exportTimeout", timeout_ms,
          {.min = 1,
           .max = 3'600'000,
           .doc = "milliseconds for an export, with its repetitions; then the batch is dropped"});
    visit("maxExportBatchSize", batch,
          {.min = 1, .max = 8192, .doc = "spans of a batch; at most half of maxQueueSize counts"});
  }
};

struct JaegerSpec {
  std::string mode;
  std::string endpoint;
  std::string username;
  std::string password;

  void fields(auto& visit) {
    visit("mode", mode, {.one_of = {"agent", "collector"}, .doc = "no effect"});
    visit("endpoint", endpoint, {.doc = "no effect: Jaeger takes OTLP, so use `otlp`"});
    visit("username", username, {.doc = "no effect"});
    visit("password", password, {.secret = true, .doc = "no effect"});
  }
};

struct ZipkinSpec {
  std::string endpoint;

  void fields(auto& visit) {
    visit("endpoint", endpoint,
          {.required = true,
           .format = config::Format::url,
           .doc = "where spans go, as JSON of Zipkin's version 2"});
  }
};

struct OtlpSpec {
  std::string protocol = "http";
  std::string endpoint;
  bool insecure = false;
  std::string compression;
  std::map<std::string, std::string> headers;

  void fields(auto& visit) {
    visit("protocol", protocol, {.one_of = {"http", "grpc"}, .doc = "protobuf over either"});
    visit("endpoint", endpoint,
          {.required = true,
           .min = 1,
           .doc = "host:port, or a URL; over HTTP, its path is /v1/traces if it has none"});
    visit("insecure", insecure, {.doc = "host:port without TLS; a URL says it itself"});
    visit("compression", compression,
          {.one_of = {"gzip", "none"}, .doc = "gzip, or none, which is the default"});
    visit("headers", headers, {.secret = true, .doc = "sent with each export"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct ExporterSpec {
  std::optional<JaegerSpec> jaeger;
  std::optional<ZipkinSpec> zipkin;
  std::optional<OtlpSpec> otlp;

  void fields(auto& visit) {
    visit("zipkin", zipkin, {.doc = "a Zipkin server"});
    visit("otlp", otlp, {.doc = "an OpenTelemetry collector, Jaeger, and others"});
    visit("jaeger", jaeger, {.doc = "Jaeger's own protocol is not there"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

// The older spelling of Zipkin's exporter.
struct OldZipkinSpec {
  std::string host_port;
  std::string server_url;
  double sample_rate = 1;
  bool same_span = false;
  bool id_128_bit = true;

  void fields(auto& visit) {
    visit("serverURL", server_url,
          {.required = true, .format = config::Format::url, .doc = "as exporter.zipkin.endpoint"});
    visit("sampleRate", sample_rate,
          {.required = true, .min = 0, .max = 1, .doc = "as sampleRate of tracing"});
    visit("hostport", host_port, {.doc = "no effect"});
    visit("sameSpan", same_span, {.doc = "no effect: each side has a span of its own"});
    visit("id128Bit", id_128_bit, {.doc = "no effect: ids of traces have 128 bits"});
  }
};

struct TracingSpec {
  std::string service_name;
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> tags;
  SpanLimitsSpec span_limits;
  std::optional<double> sample_rate;
  bool trust_parent = true;
  BatchLimitsSpec batch_limits;
  std::optional<ExporterSpec> exporter;
  std::optional<OldZipkinSpec> zipkin;
  std::string header_format;

  void fields(auto& visit) {
    visit("serviceName", service_name,
          {.doc = "of the spans; empty: OTEL_SERVICE_NAME, or the name of the server"});
    visit("sampleRate", sample_rate,
          {.min = 0,
           .max = 1,
           .doc = "share of the requests without a decision of the caller's that are traced; not "
                  "given: OTEL_TRACES_SAMPLER, or 1"});
    visit("trustParent", trust_parent,
          {.doc = "false: the trace context of requests counts for nothing"});
    visit("headerFormat", header_format,
          {.one_of = {"trace-context", "b3"},
           .doc = "b3: b3 counts before traceparent, and backends get both"});
    visit("attributes", attributes, {.doc = "of every span, such as the place of the service"});
    visit("tags", tags, {.doc = "the older name of attributes"});
    visit("exporter", exporter,
          {.doc = "where spans go; none: as OTEL_EXPORTER_OTLP_ENDPOINT says"});
    visit("batchLimits", batch_limits, {.doc = "how spans wait for their export"});
    visit("spanLimits", span_limits, {.doc = "the size of a span"});
    visit("zipkin", zipkin, {.doc = "the older spelling of exporter.zipkin"});
  }
  void validate(const std::string& path, config::Faults& faults) const;

  // `server`: the name of the server. Requires: the spec is valid.
  [[nodiscard]] Settings resolve(const Environment& environment, const std::string& server) const;

 private:
  // No URL occurs twice.
  void add_endpoints(const Environment& environment, Settings& settings) const;
};

}  // namespace sluice::tracing
