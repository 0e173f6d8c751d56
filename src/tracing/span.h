// SPDX-License-Identifier: Apache-2.0
// Spans of one request, while it runs and until they are exported. What clients and backends have
// chosen is valid UTF-8 here, and has a bound.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "tracing/ids.h"

namespace sluice::tracing {

inline constexpr std::size_t kAttributeBytesMax = 1024;  // of a value, and of a name of a span
inline constexpr std::size_t kSpansMax = 128;            // of a request; more are dropped
inline constexpr std::size_t kEventsMax = 128;           // of a span; more are dropped
// Of one request, without a further allocation.
inline constexpr std::size_t kUsualSpans = 4;
inline constexpr std::size_t kUsualAttributes = 16;

// `text` as UTF-8 of at most `bytes_max`: what is none becomes U+FFFD.
[[nodiscard]] std::string bounded_text(std::string_view text, std::size_t bytes_max);

// The limits of one server, at most those above.
struct SpanLimits {
  std::size_t value_bytes = kAttributeBytesMax;
  std::size_t attributes = kSpansMax;
  std::size_t events = kEventsMax;
  std::size_t event_attributes = kSpansMax;
  bool operator==(const SpanLimits&) const = default;
};

struct Attribute {
  std::string_view key;  // a literal
  std::variant<std::string, std::int64_t> value;
};
using Attributes = std::vector<Attribute>;

struct SpanEvent {
  TimePoint at;
  std::string_view name;  // a literal
  Attributes attributes{};
};

enum class SpanKind : std::uint8_t { internal, server, client };

struct Span {
  SpanId id = 0;
  SpanId parent = 0;  // 0: none
  SpanKind kind = SpanKind::internal;
  bool failed = false;
  std::string name;
  TimePoint began{};
  TimePoint ended{};
  Attributes attributes{};
  std::vector<SpanEvent> events{};
  std::uint32_t attributes_lost = 0;
  std::uint32_t events_lost = 0;
};

// The spans of a sampled request. For one thread at a time: the core's, then the exporter's.
class Recording {
 public:
  Recording(const TraceId& trace, std::string tracestate, const SpanLimits& limits)
      : trace_(trace), tracestate_(std::move(tracestate)), limits_(limits) {
    spans_.reserve(kUsualSpans);
  }

  [[nodiscard]] const TraceId& trace() const { return trace_; }
  [[nodiscard]] const std::string& tracestate() const { return tracestate_; }
  [[nodiscard]] std::vector<Span>& spans() { return spans_; }
  [[nodiscard]] const std::vector<Span>& spans() const { return spans_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  // Null, and the span is lost, beyond kSpansMax. Valid until the next one is added.
  [[nodiscard]] Span* add(Span span);
  [[nodiscard]] std::size_t lost() const { return lost_; }
  // A text that is empty is left out.
  void set(Span& span, std::string_view key, std::string_view text);
  void set(Span& span, std::string_view key, std::int64_t number);
  void add_event(Span& span, SpanEvent event);
  // Of a span: the limits of values are not its.
  [[nodiscard]] static std::string name_of(std::string_view text) {
    constexpr std::size_t kNameBytesMax = 1024;
    return bounded_text(text, kNameBytesMax);
  }
  [[nodiscard]] std::string bounded(std::string_view text) const {
    return bounded_text(text, limits_.value_bytes);
  }

  // Both clocks at one moment, so that times become times of day.
  void set_clocks(TimePoint steady, std::chrono::system_clock::time_point wall) {
    steady_ = steady;
    wall_ = wall;
  }
  // Nanoseconds since 1970.
  [[nodiscard]] std::uint64_t unix_ns(TimePoint at) const;

 private:
  [[nodiscard]] bool has_room(Span& span) const;

  TraceId trace_;
  std::string tracestate_;
  SpanLimits limits_;
  std::vector<Span> spans_;
  std::size_t lost_ = 0;
  std::size_t bytes_ = sizeof(Recording);
  TimePoint steady_{};
  std::chrono::system_clock::time_point wall_{};
};

}  // namespace sluice::tracing
