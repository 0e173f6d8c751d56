// SPDX-License-Identifier: Apache-2.0
// Targeted cache control fields, such as CDN-Cache-Control (RFC 9213).
#pragma once

#include <optional>
#include <string_view>

#include "http/cache_control.h"

namespace sluice::http {

// The directives of a field value that is a dictionary of structured fields (RFC 9651 section
// 3.2). nullopt if it is empty, is no such dictionary, or gives a directive of this program a value
// of another type than its own: then the field counts as absent (RFC 9213 section 2.2).
[[nodiscard]] std::optional<CacheControl> parse_targeted_field(std::string_view value);

}  // namespace sluice::http
