// SPDX-License-Identifier: Apache-2.0
// The settings of a Tracer: what a spec and the environment come to. Immutable; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "tracing/context.h"
#include "tracing/span.h"

namespace sluice::tracing {

enum class Protocol : std::uint8_t { otlp_http, otlp_grpc, zipkin };

// A collector.
struct Endpoint {
  Protocol protocol = Protocol::otlp_http;
  std::string url{};  // http[s]://host[:port]/path
  std::map<std::string, std::string> headers{};
  bool gzip = false;
  Duration timeout = std::chrono::seconds(30);  // of one export, with its repetitions
  std::string authorities{};                    // PEM; "": those of the system
  bool operator==(const Endpoint&) const = default;
};

struct BatchLimits {
  std::size_t queue_spans = 2048;  // of each core
  std::size_t batch_spans = 512;
  Duration delay = std::chrono::seconds(5);  // until a batch that is not full leaves
  bool operator==(const BatchLimits&) const = default;
};

struct Settings {
  std::string service_name{};
  std::map<std::string, std::string> attributes{};  // of the service
  double sample_rate = 1;
  bool parent_decides = true;  // a request that comes with a decision keeps it
  bool trust_parent = true;    // false: each request begins a trace
  HeaderFormat format = HeaderFormat::trace_context;
  SpanLimits limits{};
  BatchLimits batch{};
  std::vector<Endpoint> endpoints{};
  bool operator==(const Settings&) const = default;
};

}  // namespace sluice::tracing
