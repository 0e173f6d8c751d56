// SPDX-License-Identifier: Apache-2.0
// ResultBuilder: makes a result for jumpIf, from a template.
#pragma once

#include <memory>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_result_builder_kind(Logger logger);

}  // namespace sluice::filters
