// SPDX-License-Identifier: Apache-2.0
// The content codings that a client accepts (RFC 9110 section 12.5.3). Any thread.
#pragma once

#include <string_view>

#include "http/headers.h"

namespace sluice::http {

// True if Accept-Encoding names gzip, or `*`, with a weight above 0 that is not below that of
// identity. False without the field: it then permits any coding, but most clients that omit it
// cannot decode one.
[[nodiscard]] bool accepts_gzip(const Headers& request);
// The weight of a coding (gzip, br, zstd) in thousandths; 0 if accepts_gzip() would be false for
// it.
[[nodiscard]] int coding_weight(const Headers& request, std::string_view coding);

}  // namespace sluice::http
