// SPDX-License-Identifier: Apache-2.0
// DataBuilder: makes data for later templates, from a template.
#pragma once

#include <memory>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_data_builder_kind(Logger logger);

}  // namespace sluice::filters
