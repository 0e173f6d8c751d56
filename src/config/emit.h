// SPDX-License-Identifier: Apache-2.0
// Writes JSON as YAML that parses back to the same values. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace sluice::config {

// Returns block style, keys sorted, with a newline at the end. A string that YAML could read as
// another type is in double quotes; a string of several lines is a literal block. Bytes that are
// not UTF-8 become U+FFFD. `indent` is the number of spaces before every line.
[[nodiscard]] std::string emit_yaml(const Json& value, int indent = 0);

// Returns a string as YAML: plain if that is safe, else in double quotes.
[[nodiscard]] std::string yaml_scalar(std::string_view text);
// Returns a string in double quotes, on one line.
[[nodiscard]] std::string yaml_quoted(std::string_view text);
// Returns a key of a map with its colon: `name:`, or `? name\n:` if it is too long for a simple key
// (YAML 1.2 section 7.4.2).
[[nodiscard]] std::string yaml_key(std::string_view text);

}  // namespace sluice::config
