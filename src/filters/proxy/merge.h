// SPDX-License-Identifier: Apache-2.0
// Merges the response of a backend with the fields that earlier filters of the pipeline have set.
// Any thread.
#pragma once

#include "http/headers.h"

namespace sluice::filters {

// Merges `earlier` into `headers`, the backend's fields; the earlier ones come first. For a field
// that may occur only once (RFC 9110 section 5.3), and for caching, security and CORS, the
// backend's field replaces the earlier one. Fields that describe the bytes of another body
// (codings, validators, digests) are removed.
void merge_headers(http::Headers earlier, http::Headers& headers);

}  // namespace sluice::filters
