// SPDX-License-Identifier: Apache-2.0
#include "tracing/encoding.h"

#include <google/protobuf/arena.h>
#include <tracing/otlp.pb.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace sluice::tracing {
namespace {

constexpr const char* kScope = "sluice";
constexpr const char* kSchema = "https://opentelemetry.io/schemas/1.27.0";
constexpr unsigned kHasRemoteFlag = 0x100;  // the next flag says whether the parent is remote
constexpr unsigned kRemoteFlag = 0x200;
constexpr unsigned kOtlpSampledFlag = 1;

void put(pb::KeyValue& out, std::string_view key, const std::string& value) {
  out.set_key(std::string(key));
  out.mutable_value()->set_string_value(value);
}

template <class Target>
void put_attributes(Target& out, const Attributes& attributes) {
  for (const Attribute& attribute : attributes) {
    pb::KeyValue& pair = *out.add_attributes();
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      put(pair, attribute.key, *text);
    } else {
      pair.set_key(std::string(attribute.key));
      pair.mutable_value()->set_int_value(std::get<std::int64_t>(attribute.value));
    }
  }
}

pb::Span::Kind kind_of(SpanKind kind) {
  if (kind == SpanKind::server) return pb::Span::SERVER;
  return kind == SpanKind::client ? pb::Span::CLIENT : pb::Span::INTERNAL;
}

void put_span(const Recording& trace, const Span& span, pb::Span& out) {
  out.set_trace_id(to_bytes(trace.trace()));
  out.set_span_id(to_bytes(span.id));
  out.set_trace_state(trace.tracestate());
  if (span.parent != 0) out.set_parent_span_id(to_bytes(span.parent));
  out.set_name(span.name);
  out.set_kind(kind_of(span.kind));
  out.set_start_time_unix_nano(trace.unix_ns(span.began));
  out.set_end_time_unix_nano(trace.unix_ns(span.ended));
  put_attributes(out, span.attributes);
  out.set_dropped_attributes_count(span.attributes_lost);
  for (const SpanEvent& event : span.events) {
    pb::Span::Event& put_event = *out.add_events();
    put_event.set_time_unix_nano(trace.unix_ns(event.at));
    put_event.set_name(std::string(event.name));
    put_attributes(put_event, event.attributes);
  }
  out.set_dropped_events_count(span.events_lost);
  if (span.failed) out.mutable_status()->set_code(pb::Span::Status::ERROR);
  const bool remote = span.kind == SpanKind::server && span.parent != 0;
  out.set_flags(kOtlpSampledFlag | kHasRemoteFlag | (remote ? kRemoteFlag : 0U));
}

Json tags_of(const Span& span, const Settings& settings) {
  Json tags(settings.attributes);
  for (const Attribute& attribute : span.attributes) {
    const auto* text = std::get_if<std::string>(&attribute.value);
    tags[std::string(attribute.key)] =
        text != nullptr ? *text : std::to_string(std::get<std::int64_t>(attribute.value));
  }
  tags["otel.scope.name"] = kScope;
  tags["otel.scope.version"] = SLUICE_VERSION;
  if (!span.failed) return tags;
  tags["otel.status_code"] = "ERROR";
  const auto type = tags.find("error.type");
  tags["error"] = type != tags.end() ? *type : Json("true");
  return tags;
}

Json zipkin_span(const Recording& trace, const Span& span, const Settings& settings) {
  constexpr std::uint64_t kNanosPerMicro = 1000;
  const std::uint64_t began = trace.unix_ns(span.began) / kNanosPerMicro;
  const std::uint64_t ended = trace.unix_ns(span.ended) / kNanosPerMicro;
  Json out = {{"traceId", to_hex(trace.trace())},
              {"id", to_hex(span.id)},
              {"name", span.name},
              {"timestamp", began},
              {"duration", std::max<std::uint64_t>(ended - std::min(ended, began), 1)},
              {"localEndpoint", {{"serviceName", settings.service_name}}},
              {"tags", tags_of(span, settings)}};
  if (span.parent != 0) out["parentId"] = to_hex(span.parent);
  if (span.kind != SpanKind::internal)
    out["kind"] = span.kind == SpanKind::server ? "SERVER" : "CLIENT";
  for (const SpanEvent& event : span.events) {
    out["annotations"].push_back(
        {{"timestamp", trace.unix_ns(event.at) / kNanosPerMicro}, {"value", event.name}});
  }
  return out;
}

}  // namespace

std::string encode_otlp(const Batch& batch, const Settings& settings) {
  google::protobuf::Arena arena;  // else each attribute of each span is several allocations
  auto& request = *google::protobuf::Arena::CreateMessage<pb::ExportRequest>(&arena);
  pb::ResourceSpans& spans = *request.add_resource_spans();
  put(*spans.mutable_resource()->add_attributes(), "service.name", settings.service_name);
  for (const auto& [key, value] : settings.attributes)
    put(*spans.mutable_resource()->add_attributes(), key, value);
  pb::ScopeSpans& scope = *spans.add_scope_spans();
  scope.mutable_scope()->set_name(kScope);
  scope.mutable_scope()->set_version(SLUICE_VERSION);
  scope.set_schema_url(kSchema);
  for (const auto& trace : batch.traces) {
    for (const Span& span : trace->spans()) put_span(*trace, span, *scope.add_spans());
  }
  return request.SerializeAsString();
}

std::size_t rejected_spans(std::string_view answer) {
  pb::ExportResponse response;
  if (!response.ParseFromArray(answer.data(), static_cast<int>(answer.size()))) return 0;
  return static_cast<std::size_t>(
      std::max<std::int64_t>(response.partial_success().rejected_spans(), 0));
}

std::string encode_zipkin(const Batch& batch, const Settings& settings) {
  Json list = Json::array();
  for (const auto& trace : batch.traces) {
    for (const Span& span : trace->spans()) list.push_back(zipkin_span(*trace, span, settings));
  }
  return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::tracing
