// SPDX-License-Identifier: Apache-2.0
// A call of the API and its response, as handlers see them. Plain values: any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice::http {
class BodyReader;
}
namespace sluice::loop {
class EventLoop;
}

namespace sluice::admin {

struct ApiRequest {
  std::string method;
  std::vector<std::string> path;             // segments after the prefix, percent-decoded
  std::map<std::string, std::string> query;  // the last of equal names wins
  std::string accept;
  bool by_admin = true;   // false: the caller may only read
  bool handed = false;    // by another member, to the owner of the data
  std::string body;       // empty if the route has an Intake
  std::string caller{};   // "": the API asks nobody for a name
  std::string address{};  // of the client, without port

  [[nodiscard]] bool wants(std::string_view type) const {
    return accept.find(type) != std::string::npos;
  }
};

// Sends a piece, which may be empty. Blocks while the client does not read (admin/pipe.h). False
// once the client has left.
using WritePiece = std::function<bool(std::string_view piece)>;
// Writes a whole body, on a thread of its own. After false, the connection is cut, so that the
// client does not take a partial body for a whole one.
using WriteBody = std::function<bool(const WritePiece&)>;

// A body that is asked for, piece by piece, as long as the client reads; perhaps without an end,
// like the log. It holds no thread between two pieces.
struct Events {
  // Appends the next piece to `out`, if there is one. False: the body ends after it. Called on a
  // thread that may block, one call at a time, and not before the client has taken the last piece.
  std::function<bool(std::string& out)> next{};
  // From a call that had no piece to the next one.
  Duration pause = std::chrono::milliseconds(200);
};

// The API is for programs: no page may frame or run its responses.
inline constexpr std::string_view kPolicyOfData = "default-src 'none'; frame-ancestors 'none'";

struct ApiResponse {
  int status = 200;
  std::string content_type{};
  std::string body{};
  WriteBody stream{};  // replaces `body`
  Events events{};     // if it has `next`: replaces `body`
  // Replaces `body`: makes a reader on the loop of the API.
  std::function<std::unique_ptr<http::BodyReader>(loop::EventLoop& loop)> reader{};
  // For a client that does not read; nullopt: that of the connection.
  std::optional<Duration> write_patience{};
  std::string_view policy = kPolicyOfData;  // Content-Security-Policy
  std::string allow{};                      // methods, for 405
  int retry_after_seconds = 0;
};

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kYamlType = "text/x-yaml";
inline constexpr std::string_view kJsonLinesType = "application/x-ndjson";
inline constexpr std::string_view kServerSentType = "text/event-stream";
inline constexpr std::string_view kTextType = "text/plain; charset=utf-8";

// JSON, or YAML if the request accepts it.
[[nodiscard]] ApiResponse respond(const ApiRequest& request, const Json& value, int status = 200);
[[nodiscard]] ApiResponse respond_text(std::string text);
// {"code":N,"message":"...","errors":["path: reason"]}; always JSON.
[[nodiscard]] ApiResponse respond_error(const Error& error);
[[nodiscard]] ApiResponse respond_error(int status, std::string_view message);
[[nodiscard]] int status_of(ErrorKind kind);
// Compact; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string dump(const Json& value);

// Returns `absent` if the query lacks the parameter. Error `invalid` if its value is not a number
// in that range.
[[nodiscard]] Result<std::int64_t> query_number(const ApiRequest& request, std::string_view name,
                                                std::int64_t absent, std::int64_t min,
                                                std::int64_t max);
// True for "true", "1" or an empty value.
[[nodiscard]] bool query_flag(const ApiRequest& request, std::string_view name);

}  // namespace sluice::admin
