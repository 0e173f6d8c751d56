// SPDX-License-Identifier: Apache-2.0
// Writes HTTP/1.1 messages as bytes (RFC 9112). The caller owns the buffer and sends it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/destination.h"
#include "http/message.h"

namespace sluice::http::h1 {

enum class Framing {
  none,            // no body may follow (1xx, 204, 304)
  content_length,  // `length` bytes follow (or would, for HEAD)
  chunked,         // chunks follow, ended by append_last_chunk
  until_close,     // HTTP/1.0 clients: the end of the connection is the end of the body
};

struct ResponseHead {
  bool keep_alive = true;
  Version version = Version::http11;  // of the request
  Framing framing = Framing::content_length;
  std::uint64_t length = 0;
  std::string_view date{};     // IMF-fixdate, kept by the worker; empty: no Date field
  std::string_view upgrade{};  // for 101: the protocol that follows
};

// Returns the framing of a response to `method` for a client of `version`. HTTP/1.0 is never
// chunked; its responses to HEAD of unknown length have `none`. `trailers`: the client accepts
// trailers, so that a whole body with trailers is chunked.
[[nodiscard]] Framing response_framing(const Response& response, std::string_view method,
                                       Version version, bool trailers = false);

// Appends status line and fields. `head` determines framing and Connection, and Date unless the
// response has its own. Fields of one hop, Content-Length and Transfer-Encoding in response.headers
// are left out, and so are fields whose name or value could break the framing (RFC 9112 section
// 11.1). A status that is not a three-digit number becomes 500.
void append_response_head(std::string& out, const Response& response, const ResponseHead& head);

// Appends a complete interim response (RFC 9110 section 15.2): status line and end-to-end fields
// only.
void append_interim(std::string& out, int status, const Headers& headers);

// Appends request line and fields for the backend at `to`: framing from `length` (nullopt: chunked;
// 0 with a method without body: no field). Leaves out hop-by-hop fields, and characters that are
// invalid in a method or host. Percent-encodes invalid characters in the target. Requests the
// protocols of request.upgrade, or else the trailers that the client accepts.
void append_request_head(std::string& out, const Request& request,
                         std::optional<std::uint64_t> length, const Destination& to = {});

// Appends `path_prefix`, the path and the query, with invalid characters percent-encoded.
void append_target(std::string& out, const Request& request, std::string_view path_prefix = {});

void append_chunk(std::string& out, std::string_view bytes);  // nothing for empty bytes
// The line that begins a chunk of `size` bytes; CRLF ends it.
void append_chunk_size(std::string& out, std::size_t size);
// Appends the trailers too, unless they are null. Leaves out trailers that could break the framing.
void append_last_chunk(std::string& out, const Headers* trailers = nullptr);

// True for the hop-by-hop fields of RFC 9110 section 7.6.1 (Connection, Keep-Alive, TE, ...).
[[nodiscard]] bool is_hop_by_hop(std::string_view name);

}  // namespace sluice::http::h1
