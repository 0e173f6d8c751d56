// SPDX-License-Identifier: Apache-2.0
// A Json as the document that decode() and redact.h read.
#pragma once

#include "base/json.h"
#include "config/value.h"

namespace sluice::config {

// Equal to what parse_document() makes of `json.dump()`, without writing and parsing it: texts are
// quoted scalars, numbers and booleans plain ones. Any thread.
[[nodiscard]] Value from_json(const Json& json);

}  // namespace sluice::config
