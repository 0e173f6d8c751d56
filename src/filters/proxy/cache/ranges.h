// SPDX-License-Identifier: Apache-2.0
// Parts of stored responses (RFC 9110 section 14).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "filters/proxy/cache/stored.h"
#include "http/message.h"

namespace sluice::filters {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive; less than first: the range is not satisfiable (416)
  [[nodiscard]] bool satisfiable() const { return first <= last; }
};

// The part of `length` bytes for which a Range value asks. nullopt if the value is to be ignored:
// another unit, more than one range, or no valid range.
[[nodiscard]] std::optional<ByteRange> parse_range(std::string_view value, std::uint64_t length);

// The part of `stored` for which the request asks; nullopt: the whole. If-Range holds only for the
// same strong validator (RFC 9110 section 13.1.5).
[[nodiscard]] std::optional<ByteRange> range_of(const http::Request& request,
                                                const StoredResponse& stored,
                                                std::int64_t unix_now);

// "bytes 0-4/10", "bytes */10".
[[nodiscard]] std::string content_range(const ByteRange& range, std::uint64_t length);

}  // namespace sluice::filters
