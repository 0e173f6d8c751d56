// SPDX-License-Identifier: Apache-2.0
// Replaces, compresses and decompresses the bodies of messages that a filter changes.
#pragma once

#include <string>

#include "base/result.h"
#include "http/headers.h"
#include "loop/task.h"
#include "pipeline/exchange.h"

namespace sluice::filters {

// Charges a body that a filter has made to the connection of the client. Errors: `too_large` beyond
// pipeline::kBuilderBodyBytesMax; `unavailable` if a limit of memory refuses.
[[nodiscard]] Result<void> charge_body(pipeline::Exchange& exchange, http::Body& body);

// Removes the fields that describe the bytes of a body that is replaced, and withholds them from
// its trailers.
void forget_body(http::Headers& headers, http::Body& body);

// Compresses the body, unless it is empty or encoded already, and adjusts the fields. Reads a
// stream into memory first. Errors: those of make_whole() and charge_body().
[[nodiscard]] Task<Result<void>> compress_body(pipeline::Exchange& exchange, http::Headers& headers,
                                               http::Body& body);
// Decompresses the body if its coding is gzip, and adjusts the fields. Errors: likewise, and
// `invalid` for a body that is not gzip.
[[nodiscard]] Task<Result<void>> decompress_body(pipeline::Exchange& exchange,
                                                 http::Headers& headers, http::Body& body);

}  // namespace sluice::filters
