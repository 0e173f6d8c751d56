// SPDX-License-Identifier: Apache-2.0
// Fallback: replaces the response by a fixed one.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_fallback_kind();

}  // namespace sluice::filters
