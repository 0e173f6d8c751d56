// SPDX-License-Identifier: Apache-2.0
// Header fields as the one text that guests see: a line `Name: value` with CRLF for each, names
// canonical and sorted, no blank line at the end. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "http/headers.h"

namespace sluice::filters {

// The bounds of the fields of a head, or of trailers, once a guest sets or adds one.
inline constexpr std::size_t kGuestFieldsMax = 1000;
inline constexpr std::size_t kGuestFieldBytesMax = std::size_t{1} << 20;  // names and values

[[nodiscard]] std::string to_header_text(const http::Headers& headers);
// Lines may be folded: a line that begins with a blank continues the previous one. Errors: no CRLF
// at the end, a line without a colon, a name or value that HTTP forbids, more than the bounds.
[[nodiscard]] Result<http::Headers> parse_header_text(std::string_view text);

// Headers::set and add, with a canonical name. Errors: a name or value that HTTP forbids;
// `too_large`: more than the bounds. A text that is too long is neither read nor copied.
[[nodiscard]] Result<void> set_field(http::Headers& headers, std::string_view name,
                                     std::string_view value);
[[nodiscard]] Result<void> add_field(http::Headers& headers, std::string_view name,
                                     std::string_view value);

// A list of fields that a guest makes: add() is add_field(), at a constant cost.
class GuestFields {
 public:
  [[nodiscard]] Result<void> add(std::string_view name, std::string_view value);
  [[nodiscard]] http::Headers take() { return std::move(fields_); }

 private:
  http::Headers fields_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::filters
