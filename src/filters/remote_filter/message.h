// SPDX-License-Identifier: Apache-2.0
// An exchange as JSON for the service of a RemoteFilter, and the changes that it replies. Bodies
// are base64, headers are lists of values by name. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace sluice::filters {

inline constexpr std::size_t kRemoteBodyBytesMax = std::size_t{64} << 10;
inline constexpr std::int64_t kRemoteReplyBytesMax = std::int64_t{192} << 10;

// The JSON of an exchange. `response` may be null: the service sees an empty one of status 200. A
// streamed body is not in it. Error `too_large`: a body is.
[[nodiscard]] Result<std::string> to_remote(const http::Request& request, std::string_view real_ip,
                                            const http::Response* response);

struct RemoteRequest {
  std::optional<std::string> method;
  std::optional<std::string> host;
  std::optional<std::string> path;  // decoded
  std::optional<std::string> query;
  std::optional<http::Headers> headers;
  std::optional<std::string> body;
};
struct RemoteResponse {
  std::optional<int> status;
  std::optional<http::Headers> headers;
  std::optional<std::string> body;
  // Nothing but what to_remote() writes for no response.
  [[nodiscard]] bool is_empty() const;
};
// The fields that a reply sets. A member that the reply leaves out keeps its value.
struct RemoteReply {
  std::optional<RemoteRequest> request;
  std::optional<RemoteResponse> response;
};

// Error `invalid`: no JSON of that shape, or a value that HTTP forbids. The text of the reply is
// not in the error.
[[nodiscard]] Result<RemoteReply> parse_remote(std::string_view text);

// Fields of the hop and of the framing stay those of the message.
void apply(RemoteRequest changes, http::Request& request);
void apply(RemoteResponse changes, http::Response& response);

}  // namespace sluice::filters
