// SPDX-License-Identifier: Apache-2.0
// JSON from outside in which two parsers cannot see different things. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace sluice::filters {

// Returns nullopt for text that is not JSON (RFC 8259), for a map in which a key comes twice, and
// beyond kJsonDepthMax.
[[nodiscard]] std::optional<Json> parse_strict_json(std::string_view text);

inline constexpr std::size_t kJsonDepthMax = 16;

}  // namespace sluice::filters
