// SPDX-License-Identifier: Apache-2.0
// Validator: checks who sends a request: headers, tokens, signatures, passwords.
#pragma once

#include <memory>

#include "filters/validator/kept_document.h"
#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_validator_kind(DocumentServices services);

}  // namespace sluice::filters
