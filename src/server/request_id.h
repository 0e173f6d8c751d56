// SPDX-License-Identifier: Apache-2.0
// The id of a request, in a header of the request and of its response.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/headers.h"
#include "tracing/ids.h"

namespace sluice::server {

// The octets of an id that a trusted proxy may send.
inline constexpr std::size_t kRequestIdBytesMax = 128;

// True for 1 to kRequestIdBytesMax of A-Z a-z 0-9 - _ . : / + = @ and ~: such a text can stand in a
// field, in a line of a log and in a query as it is.
[[nodiscard]] bool is_request_id(std::string_view text);
// A version 4 UUID (RFC 9562) in lower case.
[[nodiscard]] std::string make_request_id(tracing::IdSource& ids);
// Returns the id, and leaves it as the only value of the field. That of the client stays if
// `trusted`, and if there is one, and one only, that is an id.
[[nodiscard]] std::string settle_request_id(http::Headers& headers, std::string_view name,
                                            bool trusted, tracing::IdSource& ids);

}  // namespace sluice::server
