// SPDX-License-Identifier: Apache-2.0
// Max-Forwards (RFC 9110 section 7.6.2): the limit of hops for TRACE and OPTIONS. Any thread.
#pragma once

#include "http/message.h"

namespace sluice::filters {

// True if the request must not be forwarded, because this gateway is its last recipient. Otherwise
// decrements the limit; call it once per request. Other methods, and values that are not numbers,
// stay unchanged.
[[nodiscard]] bool goes_no_further(http::Request& request);
// The answer of the last recipient: 200 to OPTIONS; to TRACE, the request as received (section
// 9.3.8), without fields that may be secret.
void answer_as_last(const http::Request& request, http::Response& response);

}  // namespace sluice::filters
