// SPDX-License-Identifier: Apache-2.0
// Names of status codes (RFC 9110 section 15).
#pragma once

#include <string_view>

namespace sluice::http {

// Returns "Not Found" for 404; "" for a code without a name.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace sluice::http
