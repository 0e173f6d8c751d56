// SPDX-License-Identifier: Apache-2.0
#include "tracing/context.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::tracing {
namespace {

constexpr std::string_view kTraceparent = "traceparent";
constexpr std::string_view kTracestate = "tracestate";
constexpr std::string_view kB3 = "b3";
constexpr std::string_view kB3Trace = "X-B3-TraceId";
constexpr std::string_view kB3Span = "X-B3-SpanId";
constexpr std::string_view kB3Parent = "X-B3-ParentSpanId";
constexpr std::string_view kB3Sampled = "X-B3-Sampled";
constexpr std::string_view kB3Flags = "X-B3-Flags";

constexpr std::size_t kTraceparentBytes = 55;  // 00-<32>-<16>-<2>
constexpr std::size_t kMembersMax = 32;        // of a tracestate
constexpr std::size_t kKeyBytesMax = 256;
constexpr std::size_t kValueBytesMax = 256;
constexpr unsigned kSampledFlag = 1;

std::optional<unsigned> read_hex_byte(std::string_view text) {
  if (text.size() != 2 || is_upper(text[0]) || is_upper(text[1])) return std::nullopt;
  const int high = hex_value(text[0]);
  const int low = hex_value(text[1]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned>(high << 4 | low);
}

// 32 hex digits, or 16 where `short_too`.
std::optional<TraceId> read_trace_id(std::string_view text, bool short_too) {
  TraceId id;
  if (text.size() == 32) {
    const auto high = read_hex64(text.substr(0, 16));
    if (!high) return std::nullopt;
    id.high = *high;
    text.remove_prefix(16);
  } else if (!short_too) {
    return std::nullopt;
  }
  const auto low = read_hex64(text);
  if (!low) return std::nullopt;
  id.low = *low;
  return id ? std::optional(id) : std::nullopt;
}

bool read_ids(std::string_view trace, std::string_view span, bool short_too, Given& out) {
  const auto trace_id = read_trace_id(trace, short_too);
  const auto span_id = read_hex64(span);
  if (!trace_id || !span_id || *span_id == 0) return false;
  out.trace = *trace_id;
  out.span = *span_id;
  return true;
}

// The sampling state of B3: 1, 0, or d for debug. Old senders write true and false.
std::optional<bool> read_b3_sampled(std::string_view text) {
  if (text == "1" || text == "d" || text == "true") return true;
  if (text == "0" || text == "false") return false;
  return std::nullopt;
}

bool is_key_char(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}

bool is_member(std::string_view member) {
  const std::size_t equals = member.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view key = member.substr(0, equals);
  const std::string_view value = member.substr(equals + 1);
  if (key.empty() || key.size() > kKeyBytesMax || value.empty() || value.size() > kValueBytesMax)
    return false;
  if (!is_lower(key.front()) && !is_digit(key.front())) return false;
  for (const char c : key) {
    if (!is_key_char(c)) return false;
  }
  for (const char c : value) {
    if (c < 0x20 || c > 0x7e || c == '=') return false;
  }
  return true;
}

// The first of several fields of a name that must stand alone.
struct Single {
  std::string_view value;
  unsigned count = 0;
  void take(std::string_view next) {
    if (count++ == 0) value = trim_ows(next);
  }
  // "" if there are several: no one knows which of them counts.
  [[nodiscard]] std::string_view alone() const { return count == 1 ? value : std::string_view(); }
};

struct Found {
  Single traceparent, b3, trace, span, parent, sampled, flags;
  std::string tracestate;
  bool tracestate_field = false;
  bool tracestate_long = false;

  void take(const http::Field& field);
  [[nodiscard]] bool any() const {
    return tracestate_field || traceparent.count + b3.count + b3_fields() > 0;
  }
  // The number of the fields X-B3-….
  [[nodiscard]] unsigned b3_fields() const {
    return trace.count + span.count + parent.count + sampled.count + flags.count;
  }
  void take_state(std::string_view value);
};

void Found::take_state(std::string_view value) {
  tracestate_field = true;
  const std::size_t comma = tracestate.empty() ? 0 : 1;
  if (tracestate.size() + comma + value.size() > kTracestateBytesMax) {
    tracestate_long = true;
    return;
  }
  if (!tracestate.empty()) tracestate += ',';
  tracestate += value;
}

void Found::take(const http::Field& field) {
  const auto is = [&](std::string_view name) { return http::iequals(field.name, name); };
  switch (field.name.size()) {
    case kB3.size():
      if (is(kB3)) b3.take(field.value);
      break;
    case kB3Flags.size():
      static_assert(kB3Flags.size() == kTracestate.size());
      if (is(kB3Flags)) flags.take(field.value);
      if (is(kTracestate)) take_state(trim_ows(field.value));
      break;
    case kTraceparent.size():
      static_assert(kTraceparent.size() == kB3Span.size());
      if (is(kTraceparent)) traceparent.take(field.value);
      if (is(kB3Span)) span.take(field.value);
      break;
    case kB3Trace.size():
      static_assert(kB3Trace.size() == kB3Sampled.size());
      if (is(kB3Trace)) trace.take(field.value);
      if (is(kB3Sampled)) sampled.take(field.value);
      break;
    case kB3Parent.size():
      if (is(kB3Parent)) parent.take(field.value);
      break;
    default:
      break;
  }
}

// False: the field belongs to no trace context. Their names begin with t, b3 and X-B3. A request
// without a context pays for this look only.
bool may_be_context(const http::Field& field) {
  constexpr unsigned char kToLower = 0x20;
  switch (field.name.size()) {
    case kB3.size():
    case kTraceparent.size():
    case kTracestate.size():
    case kB3Trace.size():
    case kB3Parent.size(): {
      const char first = static_cast<char>(field.name.front() | kToLower);
      return first == 't' || first == 'b' || first == 'x';
    }
    default:
      return false;
  }
}

std::optional<Given> b3_of(const Found& found) {
  if (found.b3.count > 0) return parse_b3(found.b3.alone());
  if (found.trace.count > 1 || found.span.count > 1 || found.sampled.count > 1) return std::nullopt;
  return parse_b3_fields(
      {found.trace.value, found.span.value, found.sampled.value, found.flags.value});
}

void append_ids(std::string& out, const Outgoing& context) {
  append_hex(out, context.trace.high, 16);
  append_hex(out, context.trace.low, 16);
  out += '-';
  append_hex(out, context.span, 16);
}

}  // namespace

std::optional<Given> parse_traceparent(std::string_view value) {
  if (value.size() < kTraceparentBytes) return std::nullopt;
  const auto version = read_hex_byte(value.substr(0, 2));
  if (!version || *version == 0xff) return std::nullopt;
  if (*version == 0 && value.size() != kTraceparentBytes) return std::nullopt;
  if (value.size() > kTraceparentBytes && value[kTraceparentBytes] != '-') return std::nullopt;
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
  const auto flags = read_hex_byte(value.substr(53, 2));
  Given given;
  if (!flags || !read_ids(value.substr(3, 32), value.substr(36, 16), false, given))
    return std::nullopt;
  given.sampled = (*flags & kSampledFlag) != 0;
  return given;
}

std::optional<Given> parse_b3(std::string_view value) {
  Given given;
  const std::string_view trace = take_until(value, '-');
  if (value.empty()) {
    given.sampled = read_b3_sampled(trace);
    return given.sampled ? std::optional(given) : std::nullopt;
  }
  const std::string_view span = take_until(value, '-');
  if (!read_ids(trace, span, true, given)) return std::nullopt;
  if (value.empty()) return given;
  const std::string_view sampled = take_until(value, '-');
  given.sampled = read_b3_sampled(sampled);
  if (!given.sampled || (!value.empty() && !read_hex64(value))) return std::nullopt;
  return given;
}

std::optional<Given> parse_b3_fields(const B3Fields& fields) {
  Given given;
  if (fields.flags == "1") given.sampled = true;
  if (!fields.sampled.empty() && !given.sampled) {
    given.sampled = read_b3_sampled(fields.sampled);
    if (!given.sampled) return std::nullopt;
  }
  if (fields.trace.empty() && fields.span.empty())
    return given.sampled ? std::optional(given) : std::nullopt;
  if (!read_ids(fields.trace, fields.span, true, given)) return std::nullopt;
  return given;
}

bool is_tracestate(std::string_view value) {
  if (value.empty() || value.size() > kTracestateBytesMax) return false;
  std::size_t members = 0;
  while (!value.empty()) {
    const std::string_view member = trim_ows(take_until(value, ','));
    if (member.empty()) continue;
    if (!is_member(member) || ++members > kMembersMax) return false;
  }
  return members > 0;
}

Incoming read_context(const http::Headers& headers, HeaderFormat preferred) {
  if (std::ranges::none_of(headers, may_be_context)) return {};
  Found found;
  for (const http::Field& field : headers) found.take(field);
  Incoming in;
  in.any_field = found.any();
  if (!in.any_field) return in;
  in.b3 = found.b3.count > 0;
  in.b3_fields = found.b3_fields() > 0;
  in.tracestate_field = found.tracestate_field;
  auto w3c = parse_traceparent(found.traceparent.alone());
  auto b3 = in.b3 || in.b3_fields ? b3_of(found) : std::nullopt;
  if (preferred == HeaderFormat::b3 && b3 && b3->trace) w3c.reset();
  if (w3c) {
    in.given = *w3c;
    in.by_traceparent = true;
    if (!found.tracestate_long && is_tracestate(found.tracestate))
      in.tracestate = std::move(found.tracestate);
  } else if (b3) {
    in.given = *b3;
  }
  return in;
}

void write_context(http::Headers& headers, const Outgoing& context) {
  std::string value;
  value.reserve(kTraceparentBytes);
  value += "00-";
  append_ids(value, context);
  value += context.sampled ? "-01" : "-00";
  headers.set(kTraceparent, value);
  const std::string_view sampled = context.sampled ? "1" : "0";
  if (context.b3) {
    value.clear();
    append_ids(value, context);
    value += '-';
    value += sampled;
    headers.set(kB3, value);
  }
  if (!context.b3_fields) return;
  headers.set(kB3Trace, to_hex(context.trace));
  headers.set(kB3Span, to_hex(context.span));
  headers.set(kB3Sampled, sampled);
  headers.remove(kB3Parent);
  headers.remove(kB3Flags);
}

bool has_traceparent(const http::Headers& headers) { return headers.contains(kTraceparent); }

void remove_context(http::Headers& headers) {
  for (const std::string_view name :
       {kTraceparent, kTracestate, kB3, kB3Trace, kB3Span, kB3Parent, kB3Sampled, kB3Flags})
    headers.remove(name);
}

}  // namespace sluice::tracing
