// SPDX-License-Identifier: Apache-2.0
// Validator: checks who sends a request: headers, tokens, signatures, passwords.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_validator_kind();

}  // namespace sluice::filters
