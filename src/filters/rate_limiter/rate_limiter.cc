// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/rate_limiter.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 1> kRateLimiterResults = {"rateLimited"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_rate_limiter_kind() {
  return pipeline::unfinished_kind("RateLimiter", "Limits the requests of a time.",
                                   kRateLimiterResults);
}

}  // namespace sluice::filters
