// SPDX-License-Identifier: Apache-2.0
// Documents of tests.
#pragma once

#include <string>

#include "config/value.h"

namespace sluice::control::testing {

// Requires: one document that is right.
inline config::Value parse(const std::string& text) { return config::parse_document(text).value(); }

}  // namespace sluice::control::testing
