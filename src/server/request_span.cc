// SPDX-License-Identifier: Apache-2.0
#include "server/request_span.h"

#include <string>
#include <utility>

#include "base/host_port.h"
#include "net/stream.h"
#include "tracing/http_attributes.h"

namespace sluice::server {
namespace {

constexpr std::string_view kRoute = "http.route";
constexpr int kClientLeft = 499;
constexpr int kFailureMin = 500;

std::string_view version_of(http::Version version) {
  if (version == http::Version::http2) return "2";
  return version == http::Version::http10 ? "1.0" : "1.1";
}

void add_steps(pipeline::Exchange& exchange) {
  tracing::RequestTrace& trace = exchange.trace;
  for (std::size_t i = 0; i < exchange.steps.size(); ++i) {
    const auto& step = exchange.steps[i];
    tracing::Span span;
    span.id = trace.step_span(i);
    span.parent = trace.span();
    span.name = tracing::Recording::name_of(step.alias);
    span.began = step.ended - step.duration;
    span.ended = step.ended;
    tracing::Span* added = trace.recording().add(std::move(span));
    if (added == nullptr) return trace.drop_steps(i);
    trace.recording().set(*added, "sluice.filter.result", step.result);
    trace.move_events(i, *added);
  }
  trace.drop_steps(exchange.steps.size());
}

}  // namespace

void note_request(tracing::RequestTrace& trace, const http::Request& request,
                  const pipeline::Exchange& exchange) {
  tracing::Recording& recording = trace.recording();
  tracing::Span& span = trace.server_span();
  tracing::set_method(recording, span, request.method);
  recording.set(span, "url.scheme", request.scheme);
  recording.set(span, "url.path", request.escaped_path);
  recording.set(span, "url.query", tracing::redacted_query(request.query));
  tracing::set_authority(recording, span, request.host, request.scheme == "https");
  recording.set(span, "client.address", exchange.real_ip);
  recording.set(span, "network.peer.address", net::ip_of(exchange.peer));
  const auto port = parse_port(split_host_port(exchange.peer).port().value_or(""));
  if (port) recording.set(span, "network.peer.port", *port);
  recording.set(span, "network.protocol.version", version_of(request.version));
  recording.set(span, "user_agent.original", request.headers.get("User-Agent").value_or(""));
}

void note_route(tracing::RequestTrace& trace, const router::Route& route) {
  trace.set_route(route.path().text());
  trace.recording().set(trace.server_span(), kRoute, route.path().text());
}

void finish_trace(pipeline::Exchange& exchange, std::string_view method, int status,
                  TimePoint ended) {
  tracing::RequestTrace& trace = exchange.trace;
  tracing::Recording& recording = trace.recording();
  tracing::Span& span = trace.server_span();
  span.ended = ended;
  span.name = tracing::Recording::name_of(tracing::span_name(method, trace.route()));
  recording.set(span, "sluice.pipeline", exchange.pipeline_name);
  if (status == kClientLeft) {
    tracing::set_failure(recording, span, "client_left");
  } else {
    tracing::set_status(recording, span, status, kFailureMin);
  }
  add_steps(exchange);
  trace.finish();
}

}  // namespace sluice::server
