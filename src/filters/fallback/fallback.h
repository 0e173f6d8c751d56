// SPDX-License-Identifier: Apache-2.0
// Fallback: puts a fixed response in the place of the one that is there.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_fallback_kind();

}  // namespace sluice::filters
