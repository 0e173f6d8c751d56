// SPDX-License-Identifier: Apache-2.0
// Writes a document as YAML on one line. Any thread.
#pragma once

#include <string>

#include "config/value.h"

namespace sluice::config {

// Returns `document` in flow style, without a newline. The text parses back to a Value that decodes
// to the same spec: scalars that may be numbers, booleans or null keep their spelling.
[[nodiscard]] std::string emit_flow(const Value& document);

}  // namespace sluice::config
