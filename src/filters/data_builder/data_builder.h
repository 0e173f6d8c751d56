// SPDX-License-Identifier: Apache-2.0
// DataBuilder: makes data from a template, for later filters.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_data_builder_kind();

}  // namespace sluice::filters
