// SPDX-License-Identifier: Apache-2.0
// The key of a request in a limit for each value (keyBy).
#pragma once

#include <string>

#include "filters/rate_limiter/spec.h"
#include "http/message.h"

namespace sluice::filters {

// Requests without a value share a key, and so do requests with several different values: otherwise
// a client would get a limit for each combination. `client_ip`: as the rules see it.
[[nodiscard]] std::string request_key(const KeyBySpec& spec, const http::Request& request,
                                      const std::string& client_ip);

}  // namespace sluice::filters
