// SPDX-License-Identifier: Apache-2.0
// Which content codings a client takes (RFC 9110 section 12.5.3).
#pragma once

#include "http/headers.h"

namespace sluice::http {

// True if the request names gzip, or `*`, in Accept-Encoding with a weight above 0, and not below
// that of identity. False without the field: it means that anything goes, but clients that say
// nothing mostly cannot decode.
[[nodiscard]] bool accepts_gzip(const Headers& request);

}  // namespace sluice::http
