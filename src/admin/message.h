// SPDX-License-Identifier: Apache-2.0
// A call of the API and its response, independent of the HTTP library.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace sluice::admin {

// Takes the next piece of a body. An error ends the reading.
using TakePiece = std::function<Result<void>(std::string_view piece)>;
// Reads the whole body as it arrives; call it once. Returns the error of TakePiece, or `closed` if
// the client broke off: discard the pieces read so far then.
using ReadBody = std::function<Result<void>(const TakePiece&)>;

struct Request {
  std::string method;
  std::vector<std::string> path;             // segments after the prefix, percent-decoded
  std::map<std::string, std::string> query;  // the last of equal names wins
  std::string accept;
  bool by_admin = true;  // false: the caller may only read
  std::string body;
  ReadBody read_body;  // replaces `body` if the route streams

  [[nodiscard]] bool wants(std::string_view type) const {
    return accept.find(type) != std::string::npos;
  }
};

// Sends a piece, which may be empty. False once the client has left.
using WritePiece = std::function<bool(std::string_view piece)>;
// Writes a whole body. After false, the connection is cut, so that the client does not take a
// partial body for a whole one.
using Stream = std::function<bool(const WritePiece&)>;

struct Response {
  int status = 200;
  std::string content_type{};
  std::string body{};
  Stream stream{};      // replaces `body`
  std::string allow{};  // methods, for 405
  int retry_after_seconds = 0;
};

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kYamlType = "text/x-yaml";
inline constexpr std::string_view kJsonLinesType = "application/x-ndjson";
inline constexpr std::string_view kTextType = "text/plain; charset=utf-8";

// JSON, or YAML if the request accepts it.
[[nodiscard]] Response respond(const Request& request, const Json& value, int status = 200);
[[nodiscard]] Response respond_text(std::string text);
// {"code":N,"message":"...","errors":["path: reason"]}; always JSON.
[[nodiscard]] Response respond_error(const Error& error);
[[nodiscard]] Response respond_error(int status, std::string_view message);
[[nodiscard]] int status_of(ErrorKind kind);
// Compact; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string dump(const Json& value);

// A decimal number; nullopt for anything else.
[[nodiscard]] std::optional<std::int64_t> parse_number(std::string_view text);
// Returns `absent` if the query lacks the parameter. Error `invalid` if its value is not a number
// in that range.
[[nodiscard]] Result<std::int64_t> query_number(const Request& request, std::string_view name,
                                                std::int64_t absent, std::int64_t min,
                                                std::int64_t max);
// True for "true", "1" or an empty value.
[[nodiscard]] bool query_flag(const Request& request, std::string_view name);

}  // namespace sluice::admin
