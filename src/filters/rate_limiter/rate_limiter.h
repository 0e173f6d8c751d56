// SPDX-License-Identifier: Apache-2.0
// RateLimiter: admits a number of requests a period. Later ones wait for a period to come, or are
// refused with 429.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_rate_limiter_kind();

}  // namespace sluice::filters
