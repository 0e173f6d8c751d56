// SPDX-License-Identifier: Apache-2.0
// Targeted cache control fields, such as CDN-Cache-Control (RFC 9213).
#pragma once

#include <optional>
#include <string_view>

#include "http/cache_control.h"

namespace sluice::http {

// Parses a field value that is a dictionary of structured fields (RFC 9651 section 3.2). Returns
// nullopt if it is empty or malformed, or if the value of a known directive has the wrong type:
// then the field counts as absent (RFC 9213 section 2.2).
[[nodiscard]] std::optional<CacheControl> parse_targeted_field(std::string_view value);

}  // namespace sluice::http
