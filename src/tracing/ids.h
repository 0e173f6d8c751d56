// SPDX-License-Identifier: Apache-2.0
// The ids of traces and spans, and their generator.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::tracing {

// 16 bytes, the most significant first. All zero: none.
struct TraceId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  explicit operator bool() const { return high != 0 || low != 0; }
  bool operator==(const TraceId&) const = default;
};

// 8 bytes, the most significant first. 0: none.
using SpanId = std::uint64_t;

// Lower case, 32 and 16 digits.
[[nodiscard]] std::string to_hex(const TraceId& id);
[[nodiscard]] std::string to_hex(SpanId id);
// The bytes, as protocols send them.
[[nodiscard]] std::string to_bytes(const TraceId& id);
[[nodiscard]] std::string to_bytes(SpanId id);
// Reads exactly 16 lower-case hex digits; nullopt: the text is something else.
[[nodiscard]] std::optional<std::uint64_t> read_hex64(std::string_view text);

// xoshiro256** (Blackman and Vigna), seeded by the system. Ids are unique, and no secret. For one
// thread.
class IdSource {
 public:
  IdSource();
  // A half of the id of a trace, or the id of a span. Never 0.
  [[nodiscard]] std::uint64_t half() {
    while (true) {
      if (const std::uint64_t id = next(); id != 0) return id;
    }
  }

 private:
  [[nodiscard]] std::uint64_t next();
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace sluice::tracing
