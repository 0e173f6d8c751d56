// SPDX-License-Identifier: Apache-2.0
// HeaderToJSON: puts headers into a body of JSON.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_header_to_json_kind();

}  // namespace sluice::filters
