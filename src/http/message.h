// SPDX-License-Identifier: Apache-2.0
// Request and Response as filters see them, the same for every HTTP version. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/cause.h"
#include "http/headers.h"

namespace sluice::http {

enum class Version { http10, http11, http2 };
// "HTTP/1.0", "HTTP/1.1", "HTTP/2.0"
[[nodiscard]] std::string_view to_string(Version version);

struct Request {
  Version version = Version::http11;
  std::string method;        // as sent; a token
  std::string scheme;        // "http", "https"
  std::string host;          // Host header or :authority, with the port if one was sent
  std::string escaped_path;  // as sent, percent-encoded, begins with '/' (or "*" for OPTIONS *)
  std::string path;          // decoded
  std::string query;         // raw, without '?'
  bool has_query = false;    // "/a?" and "/a" differ
  std::string fragment;      // normally empty
  // The fields as received, except Host and the fields that Connection names. Fields of this hop
  // and of the framing (Connection, Upgrade, Content-Length, Transfer-Encoding, Expect, ...) are
  // for reading only: those sent to a backend are generated anew.
  Headers headers;
  Body body;
  bool wants_trailers = false;  // the client said TE: trailers (RFC 9110 section 10.1.4)
  // The protocols that the client asks to switch to (RFC 9110 section 7.8); empty: none. The filter
  // that answers 101 reads the client's further bytes from `upgraded`, and responds with a streamed
  // body.
  std::string upgrade;
  std::shared_ptr<BodyReader> upgraded;

  // Parses an origin-form, absolute-form or asterisk-form target (RFC 9112 section 3.2) into the
  // fields above. Only absolute-form sets scheme and host. Returns false, with unspecified fields,
  // for other text. '*' is accepted for any method.
  [[nodiscard]] bool set_target(std::string_view target);
  // Sets `path` (decoded; a missing first '/' is added) and the matching escaped path.
  void set_path(std::string_view decoded);
  // Returns escaped_path, followed by "?query" if there is one.
  [[nodiscard]] std::string target() const;
  // Copies all of `other` except its body and the bytes after an upgrade.
  void copy_head(const Request& other);
  // Restores the state at construction. Keeps capacity.
  void clear();
};

struct Response {
  int status = 200;
  // Why the gateway made it. A filter that changes it afterwards leaves the cause.
  Cause cause = Cause::none;
  Headers headers;  // the codec writes Content-Length and Transfer-Encoding
  Body body;

  // Restores the state at construction. Keeps capacity.
  void clear();
};

// Replaces `out` by the decoded text (RFC 3986 section 2.1). Returns false at a broken escape or a
// NUL.
[[nodiscard]] bool percent_decode(std::string_view text, std::string& out);
// Encodes the characters that a path cannot contain.
[[nodiscard]] std::string percent_encode_path(std::string_view decoded);
// True for a name, IPv4 address or [IPv6 address], with or without a port. Stricter than RFC 3986
// section 3.2.2: no userinfo, no percent-encoding, no sub-delims.
[[nodiscard]] bool is_host(std::string_view text);

}  // namespace sluice::http
