// SPDX-License-Identifier: Apache-2.0
// Verdict: the status that a client gets for a request without a whole response, and the result
// that `jumpIf` sees (RFC 9110 section 15.6). Any thread.
#pragma once

#include <string_view>

#include "backend/blame.h"
#include "http/cause.h"

namespace sluice::filters {

// Results of the Proxy filter. Pipelines name them in `jumpIf`, so none may be removed.
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
  http::Cause cause = http::Cause::none;
};

// `overdue`: the try has exceeded the `timeout` of the pool.
[[nodiscard]] Verdict verdict_of(const backend::Failure& failure, bool overdue);

}  // namespace sluice::filters
