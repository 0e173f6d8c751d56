// SPDX-License-Identifier: Apache-2.0
#include "http/h1/serializer.h"

#include <array>
#include <charconv>

#include "base/text_fill.h"
#include "http/chars.h"
#include "http/field_kind.h"
#include "http/reason_phrase.h"

namespace sluice::http::h1 {
namespace {

using namespace std::string_view_literals;

// The digits of a number.
class Digits {
 public:
  explicit Digits(std::uint64_t number, int base = 10)
      : end_(std::to_chars(digits_.data(), digits_.data() + digits_.size(), number, base).ptr) {}
  [[nodiscard]] std::string_view text() const { return {digits_.data(), end_}; }

 private:
  std::array<char, 24> digits_;
  const char* end_;
};

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append_texts(out, name, ": "sv, value, "\r\n"sv);
}

void append_content_length(std::string& out, std::uint64_t length) {
  append_field(out, "Content-Length", Digits(length).text());
}

// Appends all fields except those that the codec writes and those of this hop.
void append_end_to_end(std::string& out, const Headers& headers) {
  for (const Field& field : headers) {
    if (field_kind(field.name) != FieldKind::other) continue;
    if (!is_token(field.name) || !is_field_value(field.value)) continue;
    append_field(out, field.name, field.value);
  }
}

void append_status_line(std::string& out, int status) {
  if (status < 100 || status > 999) status = 500;  // a guest may set any number
  const Digits digits(static_cast<std::uint64_t>(status));
  append_texts(out, "HTTP/1.1 "sv, digits.text(), " "sv, reason_phrase(status), "\r\n"sv);
}

void append_upgrade(std::string& out, std::string_view protocols) {
  if (!is_field_value(protocols)) return;
  out.append("Connection: Upgrade\r\n");
  append_field(out, "Upgrade", protocols);
}

// RFC 9110 section 15.5.22: a 426 names the protocols that the server requires.
void append_required_upgrade(std::string& out, const Headers& headers) {
  if (const auto protocols = headers.get("Upgrade")) append_upgrade(out, *protocols);
}

void append_framing(std::string& out, const ResponseFraming& head) {
  if (head.framing == Framing::content_length) append_content_length(out, head.length);
  if (head.framing == Framing::chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (!head.upgrade.empty()) return append_upgrade(out, head.upgrade);
  if (!head.keep_alive || head.framing == Framing::until_close) {
    out.append("Connection: close\r\n");
  } else if (head.version == Version::http10) {
    out.append("Connection: keep-alive\r\n");
  }
}

// Appends only the characters in `table`: a guest may set any text as method or host.
void append_allowed(std::string& out, const CharTable& table, std::string_view text,
                    std::string_view also = "") {
  for (const char c : text) {
    if (is_in(table, c) || also.find(c) != std::string_view::npos) out.push_back(c);
  }
}

// Percent-encodes the characters that would end the target. Keeps the others.
void append_target_part(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (is_in(kTargetChars, c)) {
      out.push_back(c);
    } else {
      append_percent_encoded(out, c);
    }
  }
}

void append_request_line(std::string& out, const Request& request, std::string_view path_prefix) {
  const std::size_t start = out.size();
  append_allowed(out, kTokenChars, request.method);
  if (out.size() == start) out.append("GET");
  out.push_back(' ');
  append_target(out, request, path_prefix);
  out.append(" HTTP/1.1\r\n");
}

// RFC 9110 section 8.6: these methods send Content-Length even without a body.
bool has_body_method(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

Framing response_framing(const Response& response, std::string_view method, Version version,
                         bool trailers) {
  const int status = response.status;
  if ((status >= 100 && status < 200) || status == 204 || status == 304) return Framing::none;
  const bool with_trailers = trailers && response.body.trailers() != nullptr && method != "HEAD" &&
                             version != Version::http10;
  if (response.body.length() && !with_trailers) return Framing::content_length;
  if (version != Version::http10) return Framing::chunked;
  return method == "HEAD" ? Framing::none : Framing::until_close;
}

void append_response_head(std::string& out, const Response& response, const ResponseFraming& head) {
  append_status_line(out, response.status);
  if (!head.date.empty() && !response.headers.contains("Date")) {
    append_field(out, "Date", head.date);
  }
  append_framing(out, head);
  if (response.status == 426) append_required_upgrade(out, response.headers);
  append_end_to_end(out, response.headers);
  out.append("\r\n");
}

void append_interim(std::string& out, int status, const Headers& headers) {
  append_status_line(out, status);
  append_end_to_end(out, headers);
  out.append("\r\n");
}

void append_request_head(std::string& out, const Request& request,
                         std::optional<std::uint64_t> length, const Destination& to) {
  append_request_line(out, request, to.path_prefix);
  out.append("Host: ");
  append_allowed(out, kHostChars, to.host.empty() ? request.host : to.host, ":[]");
  out.append("\r\n");
  if (!length) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (*length > 0 || has_body_method(request.method)) {
    append_content_length(out, *length);
  }
  if (!request.upgrade.empty()) {
    append_upgrade(out, request.upgrade);
  } else if (request.wants_trailers) {
    out.append("Connection: TE\r\nTE: trailers\r\n");
  }
  append_end_to_end(out, request.headers);
  out.append("\r\n");
}

void append_target(std::string& out, const Request& request, std::string_view path_prefix) {
  const std::string_view path = request.escaped_path;
  const bool asterisk = path_prefix.empty() && path == "*" && request.method == "OPTIONS";
  const std::string_view first = path_prefix.empty() ? path : path_prefix;
  if (!first.starts_with('/') && !asterisk) out.push_back('/');
  append_target_part(out, path_prefix);
  append_target_part(out, path);
  if (request.has_query || !request.query.empty()) {
    out.push_back('?');
    append_target_part(out, request.query);
  }
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  append_chunk_size(out, bytes.size());
  out.append(bytes).append("\r\n");
}

void append_chunk_size(std::string& out, std::size_t size) {
  append_texts(out, Digits(size, 16).text(), "\r\n"sv);
}

void append_last_chunk(std::string& out, const Headers* trailers) {
  out.append("0\r\n");
  if (trailers != nullptr) append_end_to_end(out, *trailers);
  out.append("\r\n");
}

bool is_hop_by_hop(std::string_view name) {
  switch (field_kind(name)) {
    case FieldKind::connection:
    case FieldKind::transfer_encoding:
    case FieldKind::upgrade:
    case FieldKind::te:
    case FieldKind::hop_by_hop:
      return true;
    default:
      return false;
  }
}

}  // namespace sluice::http::h1
