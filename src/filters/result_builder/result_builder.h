// SPDX-License-Identifier: Apache-2.0
// ResultBuilder: makes the result of its node from a template, so that the flow jumps by it.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_result_builder_kind();

}  // namespace sluice::filters
