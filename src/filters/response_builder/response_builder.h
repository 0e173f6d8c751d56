// SPDX-License-Identifier: Apache-2.0
// ResponseBuilder: makes a response from a template.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_response_builder_kind();

}  // namespace sluice::filters
