// SPDX-License-Identifier: Apache-2.0
// Mock: answers by rules, without a backend.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_mock_kind();

}  // namespace sluice::filters
