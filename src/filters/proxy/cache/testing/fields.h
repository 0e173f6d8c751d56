// SPDX-License-Identifier: Apache-2.0
// For the tests of the cache: the fields of a message, and the time at which it arrives.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::filters {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::int64_t kUnixNow = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

}  // namespace sluice::filters
