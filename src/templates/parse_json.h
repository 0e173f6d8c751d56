// SPDX-License-Identifier: Apache-2.0
// Parses JSON that comes from outside, with bounds. Any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace sluice::templates {

inline constexpr std::size_t kJsonDepthMax = 64;
// Values in memory take about twenty times the bytes of the shortest ones in the text.
inline constexpr std::size_t kJsonValuesMax = 200'000;

// Errors: `invalid`; `too_large` beyond the bounds. The messages hold nothing of the text.
[[nodiscard]] Result<Json> parse_json_value(std::string_view text);
[[nodiscard]] Result<std::shared_ptr<const Json>> parse_json(std::string_view text);
// The depth of lists and maps; 0 for a scalar.
[[nodiscard]] std::size_t json_depth(const Json& json);
// Compact. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_text(const Json& json);

}  // namespace sluice::templates
