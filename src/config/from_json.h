// SPDX-License-Identifier: Apache-2.0
// Makes a document, as decode() and redact.h read it, from a Json.
#pragma once

#include "base/json.h"
#include "config/value.h"

namespace sluice::config {

// Returns the document that parse_document() makes of `json.dump()`, without writing and parsing
// it: texts are quoted scalars, numbers and booleans plain ones. Any thread.
[[nodiscard]] Value from_json(const Json& json);

}  // namespace sluice::config
