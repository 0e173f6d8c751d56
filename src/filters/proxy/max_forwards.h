// SPDX-License-Identifier: Apache-2.0
// Max-Forwards (RFC 9110 section 7.6.2): how often TRACE and OPTIONS may be forwarded. Any thread.
#pragma once

#include "http/message.h"

namespace sluice::filters {

// True if the request must not be forwarded: this gateway is its last recipient. Else takes one
// off, once per request. Other methods, and values that are no number, are left alone.
[[nodiscard]] bool goes_no_further(http::Request& request);
// What the last recipient answers: OPTIONS with 200, TRACE with the request as it came (section
// 9.3.8), without what may be secret.
void answer_as_last(const http::Request& request, http::Response& response);

}  // namespace sluice::filters
