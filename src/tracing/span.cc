// SPDX-License-Identifier: Apache-2.0
#include "tracing/span.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace sluice::tracing {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

}  // namespace

std::string bounded_text(std::string_view text, std::size_t bytes_max) {
  text = utf8_prefix(text, bytes_max);
  if (is_utf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const Utf8Char next = first_utf8_char(text);
    const std::string_view part = next.valid ? text.substr(0, next.size) : kReplacement;
    if (out.size() + part.size() > bytes_max) break;
    out += part;
    text.remove_prefix(next.size);
  }
  return out;
}

Span* Recording::add(Span span) {
  if (spans_.size() >= kSpansMax) {
    ++lost_;
    return nullptr;
  }
  bytes_ += sizeof(Span) + span.name.size();
  return &spans_.emplace_back(std::move(span));
}

bool Recording::has_room(Span& span) const {
  if (span.attributes.size() < limits_.attributes) return true;
  ++span.attributes_lost;
  return false;
}

void Recording::set(Span& span, std::string_view key, std::string_view text) {
  if (text.empty() || !has_room(span)) return;
  std::string value = bounded(text);
  bytes_ += sizeof(Attribute) + value.size();
  span.attributes.push_back({key, std::move(value)});
}

void Recording::set(Span& span, std::string_view key, std::int64_t number) {
  if (!has_room(span)) return;
  bytes_ += sizeof(Attribute);
  span.attributes.push_back({key, number});
}

void Recording::add_event(Span& span, SpanEvent event) {
  if (span.events.size() >= limits_.events) {
    ++span.events_lost;
    return;
  }
  if (event.attributes.size() > limits_.event_attributes)
    event.attributes.resize(limits_.event_attributes);
  bytes_ += sizeof(SpanEvent) + event.attributes.size() * sizeof(Attribute);
  span.events.push_back(std::move(event));
}

std::uint64_t Recording::unix_ns(TimePoint at) const {
  const auto when = wall_.time_since_epoch() + (at - steady_);
  const auto count = std::chrono::duration_cast<Duration>(when).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

}  // namespace sluice::tracing
