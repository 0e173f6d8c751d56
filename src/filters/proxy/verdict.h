// SPDX-License-Identifier: Apache-2.0
// Verdict: what a client is told of a request that brought no whole response, and the result that
// `jumpIf` sees (RFC 9110 section 15.6). Any thread.
#pragma once

#include <string_view>

#include "backend/blame.h"

namespace sluice::filters {

// Results of the Proxy filter. Pipelines name them in `jumpIf`: none may go away.
namespace proxy_result {
inline constexpr std::string_view kInternalError = "internalError";
inline constexpr std::string_view kClientError = "clientError";
inline constexpr std::string_view kServerError = "serverError";
inline constexpr std::string_view kTimeout = "timeout";
inline constexpr std::string_view kShortCircuited = "shortCircuited";
inline constexpr std::string_view kFailureCode = "failureCode";
}  // namespace proxy_result

struct Verdict {
  int status = 0;
  std::string_view result;
};

// `overdue`: the time of the try (`timeout` of the pool) is up.
[[nodiscard]] Verdict verdict_of(const backend::Failure& failure, bool overdue);

}  // namespace sluice::filters
