// SPDX-License-Identifier: Apache-2.0
// JSON as YAML that parses back to the same values, and reads well.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace sluice::config {

// Block style, keys sorted. A string that YAML could take for something else stands in double
// quotes; one of several lines is a literal block. Ends with a newline. Bytes that are not UTF-8
// become U+FFFD. `indent` is the number of spaces before every line.
[[nodiscard]] std::string emit_yaml(const Json& value, int indent = 0);

// A string as it stands in YAML: plain where that is safe, else in double quotes.
[[nodiscard]] std::string yaml_scalar(std::string_view text);
// A string in double quotes, on one line.
[[nodiscard]] std::string yaml_quoted(std::string_view text);
// A key of a map with its colon: `name:`, or `? name\n:` where it is too long for a simple key.
[[nodiscard]] std::string yaml_key(std::string_view text);

}  // namespace sluice::config
