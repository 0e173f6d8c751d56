// SPDX-License-Identifier: Apache-2.0
// The context of a trace in the fields of a request: W3C Trace Context (traceparent, tracestate)
// and B3 (the field b3, and the fields X-B3-*). Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/headers.h"
#include "tracing/ids.h"

namespace sluice::tracing {

// Of the tracestate of a request; a longer one is dropped. W3C asks for this much.
inline constexpr std::size_t kTracestateBytesMax = 512;

enum class HeaderFormat { trace_context, b3 };

// The context that a sender has given.
struct Given {
  TraceId trace{};
  SpanId span = 0;                // both, or none
  std::optional<bool> sampled{};  // nullopt: the sender leaves it to us
  bool operator==(const Given&) const = default;
};

// Version 00, and the beginning of later ones. nullopt: it is not valid.
[[nodiscard]] std::optional<Given> parse_traceparent(std::string_view value);
// The field b3. Ids of 8 bytes count for a trace, too. A value without ids says only whether the
// request is sampled. nullopt: it is not valid.
[[nodiscard]] std::optional<Given> parse_b3(std::string_view value);
// The values of X-B3-TraceId, X-B3-SpanId, X-B3-Sampled and X-B3-Flags. "": there is none.
struct B3Fields {
  std::string_view trace{};
  std::string_view span{};
  std::string_view sampled{};
  std::string_view flags{};
};
[[nodiscard]] std::optional<Given> parse_b3_fields(const B3Fields& fields);
// True for a list of members as W3C Trace Context defines it, of at most kTracestateBytesMax.
[[nodiscard]] bool is_tracestate(std::string_view value);

// What a request says of its trace.
struct Incoming {
  Given given{};             // all empty: no field, or none that is valid
  std::string tracestate{};  // "": none that is valid
  bool any_field = false;    // of a context, valid or not
  bool by_traceparent = false;
  // The forms of B3 that the request has, valid or not: a backend gets the same ones.
  bool b3 = false;
  bool b3_fields = false;
  bool tracestate_field = false;
};
// If the request has both contexts, the one of `preferred` counts.
[[nodiscard]] Incoming read_context(const http::Headers& headers, HeaderFormat preferred);

// The context for the next one.
struct Outgoing {
  TraceId trace;
  SpanId span;
  bool sampled;
  bool b3 = false;
  bool b3_fields = false;
};
// Replaces the fields of the request. `tracestate` stays.
void write_context(http::Headers& headers, const Outgoing& context);
// Whether there is a field traceparent, valid or not.
[[nodiscard]] bool has_traceparent(const http::Headers& headers);
// Removes all fields of a context.
void remove_context(http::Headers& headers);

}  // namespace sluice::tracing
