// SPDX-License-Identifier: Apache-2.0
// A document as YAML on one line.
#pragma once

#include <string>

#include "config/value.h"

namespace sluice::config {

// `document` in flow style, without a newline. It parses back to a Value that decodes alike:
// scalars that may be numbers, booleans or null keep their spelling.
[[nodiscard]] std::string emit_flow(const Value& document);

}  // namespace sluice::config
