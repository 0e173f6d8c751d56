// SPDX-License-Identifier: Apache-2.0
// A kind of filter that is known and cannot be used yet: each spec of it is refused.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "pipeline/filter.h"

namespace sluice::pipeline {

// Requires: all texts are static.
[[nodiscard]] std::unique_ptr<FilterKind> unfinished_kind(
    std::string_view name, std::string_view description, std::span<const std::string_view> results);

}  // namespace sluice::pipeline
