// SPDX-License-Identifier: Apache-2.0
// Header fields as the one text that guests see: a line `Name: value` with CRLF for each, names
// canonical and sorted, no blank line at the end. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/headers.h"

namespace sluice::filters {

[[nodiscard]] std::string to_header_text(const http::Headers& headers);
// Lines may be folded: a line that begins with a blank continues the previous one. Errors: no CRLF
// at the end, a line without a colon, a name or value that HTTP forbids.
[[nodiscard]] Result<http::Headers> parse_header_text(std::string_view text);

// Headers::set and add, with a canonical name. Errors: a name or value that HTTP forbids; too many
// fields.
[[nodiscard]] Result<void> set_field(http::Headers& headers, std::string_view name,
                                     std::string_view value);
[[nodiscard]] Result<void> add_field(http::Headers& headers, std::string_view name,
                                     std::string_view value);

}  // namespace sluice::filters
