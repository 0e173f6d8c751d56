// SPDX-License-Identifier: Apache-2.0
// Parts of stored responses (RFC 9110 section 14).
#pragma once

#include <cstdint>
#include <optional>

#include "filters/proxy/cache/stored.h"
#include "http/message.h"
#include "http/range.h"

namespace sluice::filters {

// The part of `stored` for which the request asks; nullopt: the whole. If-Range holds only for the
// same strong validator (RFC 9110 section 13.1.5).
[[nodiscard]] std::optional<http::ByteRange> range_of(const http::Request& request,
                                                      const StoredResponse& stored,
                                                      std::int64_t unix_now);

}  // namespace sluice::filters
