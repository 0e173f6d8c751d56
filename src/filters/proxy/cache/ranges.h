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
  std::uint64_t last = 0;  // included; below first: there is no such part (416)
  [[nodiscard]] bool satisfiable() const { return first <= last; }
};

// The part of `length` bytes that a value of Range asks for. nullopt if the value counts as absent:
// another unit, more than one range, or no valid range.
[[nodiscard]] std::optional<ByteRange> parse_range(std::string_view value, std::uint64_t length);

// The part of `stored` that the request asks for; nullopt: the whole. If-Range holds only for the
// same strong validator (RFC 9110 section 13.1.5).
[[nodiscard]] std::optional<ByteRange> range_of(const http::Request& request,
                                                const StoredResponse& stored,
                                                std::int64_t unix_now);

// "bytes 0-4/10", "bytes */10".
[[nodiscard]] std::string content_range(const ByteRange& range, std::uint64_t length);

}  // namespace sluice::filters
