// SPDX-License-Identifier: Apache-2.0
#include "tracing/spec.h"

#include <algorithm>
#include <utility>

#include "http/headers.h"
#include "tracing/endpoint_url.h"

namespace sluice::tracing {
namespace {

constexpr std::string_view kNoJaeger =
    "Jaeger's own protocol is not there, and Jaeger takes OTLP: use exporter.otlp with its port "
    "4317 or 4318";

Protocol protocol_of(const OtlpSpec& spec) {
  return spec.protocol == "grpc" ? Protocol::otlp_grpc : Protocol::otlp_http;
}

Result<std::string> url_of(const OtlpSpec& spec) {
  return otlp_url(spec.endpoint, protocol_of(spec), spec.insecure, true);
}

void check_zipkin(const std::string& url, const std::string& path, config::Faults& faults) {
  if (const auto checked = zipkin_url(url); !checked) faults.add(path, checked.error().message);
}

}  // namespace

void OtlpSpec::validate(const std::string& path, config::Faults& faults) const {
  if (const auto url = url_of(*this); !url)
    faults.add(config::join_path(path, "endpoint"), url.error().message);
  for (const auto& [name, value] : headers) {
    if (!http::is_token(name) || !http::is_field_value(value))
      faults.add(config::join_path(config::join_path(path, "headers"), name), "is not a header");
  }
}

void ExporterSpec::validate(const std::string& path, config::Faults& faults) const {
  if (zipkin) check_zipkin(zipkin->endpoint, config::join_path(path, "zipkin.endpoint"), faults);
  if (!jaeger) return;
  const std::string place = config::join_path(path, "jaeger");
  if (zipkin || otlp) {
    faults.warn(place, std::string(kNoJaeger) + "; no spans go there");
  } else {
    faults.add(place, kNoJaeger);
  }
}

void TracingSpec::validate(const std::string& path, config::Faults& faults) const {
  if (!tags.empty())
    faults.warn(config::join_path(path, "tags"), "is the older name of attributes");
  if (!zipkin) return;
  const std::string place = config::join_path(path, "zipkin");
  check_zipkin(zipkin->server_url, config::join_path(place, "serverURL"), faults);
  faults.warn(place, "is the older spelling of exporter.zipkin and sampleRate");
}

Settings TracingSpec::resolve(const Environment& environment, const std::string& server) const {
  Settings settings;
  settings.service_name = !service_name.empty()               ? service_name
                          : !environment.service_name.empty() ? environment.service_name
                                                              : server;
  settings.attributes = environment.attributes;
  for (const auto* own : {&tags, &attributes}) {
    for (const auto& [key, value] : *own)
      settings.attributes[key] = bounded_text(value, kAttributeBytesMax);
  }
  const auto old_rate = zipkin ? std::optional(zipkin->sample_rate) : std::nullopt;
  const auto own_rate = sample_rate ? sample_rate : old_rate;
  settings.sample_rate = own_rate.value_or(environment.sample_rate.value_or(1));
  settings.parent_decides = own_rate || environment.parent_decides;
  settings.trust_parent = trust_parent;
  settings.format = header_format == "b3" ? HeaderFormat::b3
                    : header_format.empty()
                        ? environment.format.value_or(HeaderFormat::trace_context)
                        : HeaderFormat::trace_context;
  const std::int64_t value_length = span_limits.value_length;
  if (value_length >= 0)
    settings.limits.value_bytes =
        std::min(kAttributeBytesMax, static_cast<std::size_t>(value_length));
  settings.limits.attributes = span_limits.attributes;
  settings.limits.events = span_limits.events;
  settings.limits.event_attributes = span_limits.event_attributes;
  settings.batch = {.queue_spans = batch_limits.queue,
                    .batch_spans = std::clamp(batch_limits.queue / 2, 1U, batch_limits.batch),
                    .delay = std::chrono::milliseconds(batch_limits.delay_ms)};
  add_endpoints(environment, settings);
  return settings;
}

void TracingSpec::add_endpoints(const Environment& environment, Settings& settings) const {
  const Duration timeout = std::chrono::milliseconds(batch_limits.timeout_ms);
  const auto add = [&settings](Endpoint endpoint) {
    if (std::ranges::find(settings.endpoints, endpoint.url, &Endpoint::url) ==
        settings.endpoints.end())
      settings.endpoints.push_back(std::move(endpoint));
  };
  const auto add_zipkin = [&](const std::string& url) {
    add({.protocol = Protocol::zipkin, .url = zipkin_url(url).value_or(""), .timeout = timeout});
  };
  if (exporter && exporter->zipkin) add_zipkin(exporter->zipkin->endpoint);
  if (zipkin) add_zipkin(zipkin->server_url);
  if (exporter && exporter->otlp) {
    const OtlpSpec& otlp = *exporter->otlp;
    add({.protocol = protocol_of(otlp),
         .url = url_of(otlp).value_or(""),
         .headers = otlp.headers,
         .gzip = otlp.compression == "gzip",
         .timeout = timeout});
  }
  if (settings.endpoints.empty()) settings.endpoints.push_back(environment.endpoint);
}

}  // namespace sluice::tracing
