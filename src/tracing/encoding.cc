// SPDX-License-Identifier: Apache-2.0
#include "tracing/encoding.h"

#include <tracing/otlp.pb.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <variant>

#include "base/json.h"
#include "tracing/wire_writer.h"

namespace sluice::tracing {
namespace {

constexpr const char* kScope = "sluice";
constexpr const char* kSchema = "https://opentelemetry.io/schemas/1.27.0";
constexpr unsigned kHasRemoteFlag = 0x100;  // the next flag says whether the parent is remote
constexpr unsigned kRemoteFlag = 0x200;
constexpr unsigned kOtlpSampledFlag = 1;
constexpr std::size_t kUsualSpanBytes = 512;

// Numbers of fields, as in otlp.proto, by which the tests read what is written here.
namespace field {
constexpr unsigned kResourceSpans = 1;                   // ExportRequest
constexpr unsigned kResource = 1, kScopeSpans = 2;       // ResourceSpans
constexpr unsigned kResourceAttributes = 1;              // Resource
constexpr unsigned kScope = 1, kSpans = 2, kSchema = 3;  // ScopeSpans
constexpr unsigned kName = 1, kVersion = 2;              // Scope
constexpr unsigned kKey = 1, kValue = 2;                 // KeyValue
constexpr unsigned kString = 1, kInt = 3;                // AnyValue
constexpr unsigned kEventTime = 1, kEventName = 2, kEventAttributes = 3;
constexpr unsigned kCode = 3;  // Status
constexpr unsigned kTraceId = 1, kSpanId = 2, kTraceState = 3, kParent = 4, kSpanName = 5;
constexpr unsigned kKind = 6, kBegan = 7, kEnded = 8, kAttributes = 9, kAttributesLost = 10;
constexpr unsigned kEvents = 11, kEventsLost = 12, kStatus = 15, kFlags = 16;
}  // namespace field

constexpr unsigned kStatusError = 2;

void put(WireWriter& out, unsigned number, std::string_view key,
         const std::variant<std::string, std::int64_t>& value) {
  out.message(number, [&] {
    out.text(field::kKey, key);
    out.message(field::kValue, [&] {
      if (const auto* text = std::get_if<std::string>(&value)) {
        out.put_text(field::kString, *text);
      } else {
        out.put_number(field::kInt, static_cast<std::uint64_t>(std::get<std::int64_t>(value)));
      }
    });
  });
}

unsigned kind_of(SpanKind kind) {
  constexpr unsigned kInternal = 1;
  constexpr unsigned kServer = 2;
  constexpr unsigned kClient = 3;
  if (kind == SpanKind::server) return kServer;
  return kind == SpanKind::client ? kClient : kInternal;
}

void put_event(const Recording& trace, const SpanEvent& event, WireWriter& out) {
  out.fixed64(field::kEventTime, trace.unix_ns(event.at));
  out.text(field::kEventName, event.name);
  for (const Attribute& each : event.attributes)
    put(out, field::kEventAttributes, each.key, each.value);
}

void put_span(const Recording& trace, const Span& span, WireWriter& out) {
  out.text(field::kTraceId, to_bytes(trace.trace()));
  out.text(field::kSpanId, to_bytes(span.id));
  out.text(field::kTraceState, trace.tracestate());
  if (span.parent != 0) out.text(field::kParent, to_bytes(span.parent));
  out.text(field::kSpanName, span.name);
  out.number(field::kKind, kind_of(span.kind));
  out.fixed64(field::kBegan, trace.unix_ns(span.began));
  out.fixed64(field::kEnded, trace.unix_ns(span.ended));
  for (const Attribute& each : span.attributes) put(out, field::kAttributes, each.key, each.value);
  out.number(field::kAttributesLost, span.attributes_lost);
  for (const SpanEvent& event : span.events)
    out.message(field::kEvents, [&] { put_event(trace, event, out); });
  out.number(field::kEventsLost, span.events_lost);
  if (span.failed) out.message(field::kStatus, [&] { out.number(field::kCode, kStatusError); });
  const bool remote = span.kind == SpanKind::server && span.parent != 0;
  out.fixed32(field::kFlags, kOtlpSampledFlag | kHasRemoteFlag | (remote ? kRemoteFlag : 0U));
}

void put_resource(const Settings& settings, WireWriter& out) {
  put(out, field::kResourceAttributes, "service.name", settings.service_name);
  for (const auto& [key, value] : settings.attributes)
    put(out, field::kResourceAttributes, key, value);
}

void put_scope_spans(const Batch& batch, WireWriter& out) {
  out.message(field::kScope, [&] {
    out.text(field::kName, kScope);
    out.text(field::kVersion, SLUICE_VERSION);
  });
  for (const auto& trace : batch.traces) {
    for (const Span& span : trace->spans())
      out.message(field::kSpans, [&] { put_span(*trace, span, out); });
  }
  out.text(field::kSchema, kSchema);
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
  std::string bytes;
  bytes.reserve(batch.spans * kUsualSpanBytes);
  WireWriter out(bytes);
  out.message(field::kResourceSpans, [&] {
    out.message(field::kResource, [&] { put_resource(settings, out); });
    out.message(field::kScopeSpans, [&] { put_scope_spans(batch, out); });
  });
  return bytes;
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
