// SPDX-License-Identifier: Apache-2.0
// How the response of a backend meets the fields that earlier filters of the pipeline have set. Any
// thread.
#pragma once

#include "http/headers.h"

namespace sluice::filters {

// `headers`, of the backend, becomes both: what earlier filters have set comes first. Of a field
// that may come only once (RFC 9110 section 5.3) the backend's replaces theirs, and so do its words
// on caching, security and CORS. What describes the bytes of another body (codings, validators,
// digests) goes.
void merge_headers(http::Headers earlier, http::Headers& headers);

}  // namespace sluice::filters
