// SPDX-License-Identifier: Apache-2.0
// Parts of representations (RFC 9110 section 14).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive; less than first: the range is not satisfiable (416)
  [[nodiscard]] bool satisfiable() const { return first <= last; }
};

// The part of `length` bytes for which a Range value asks. nullopt if the value is to be ignored:
// another unit, more than one range, or no valid range.
[[nodiscard]] std::optional<ByteRange> parse_range(std::string_view value, std::uint64_t length);

// "bytes 0-4/10", "bytes */10".
[[nodiscard]] std::string content_range(const ByteRange& range, std::uint64_t length);

}  // namespace sluice::http
