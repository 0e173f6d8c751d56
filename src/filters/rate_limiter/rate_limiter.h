// SPDX-License-Identifier: Apache-2.0
// RateLimiter: limits the requests of a time.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_rate_limiter_kind();

}  // namespace sluice::filters
