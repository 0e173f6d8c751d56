// SPDX-License-Identifier: Apache-2.0
// What the checks of a Validator read from a request, and what they say of it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "http/message.h"

namespace sluice::filters {

// Headers that a check sets once all checks have passed.
using NewHeaders = std::vector<std::pair<std::string, std::string>>;

// The outcome of a check. Texts but the challenge are literals.
struct Verdict {
  int status = 0;             // of the refusal; 0: the request passes
  std::string_view check{};   // for the tag: "JWT validator"
  std::string_view reason{};  // likewise
  http::Cause cause = http::Cause::none;
  std::string challenge{};  // WWW-Authenticate; "": none
  [[nodiscard]] bool passes() const { return status == 0; }
};

struct FoundToken {
  std::string_view text;   // valid as long as the request is unchanged
  std::string_view fault;  // a literal; "": there is a token
};
inline constexpr std::string_view kNoToken = "no token";
inline constexpr std::string_view kSeveralTokens = "several tokens";

// The token of Authorization: Bearer.
[[nodiscard]] FoundToken bearer_token(const http::Request& request);
// The token of a cookie; without such a cookie, that of Authorization. Cookies of one name that
// differ are several tokens: a backend may read the other one.
[[nodiscard]] FoundToken cookie_or_bearer_token(const http::Request& request,
                                                std::string_view cookie);

// The value after the scheme in the only Authorization header, without spaces around it. Schemes
// compare without case. `fault`: kNoToken, or kSeveralTokens.
[[nodiscard]] FoundToken credentials_of(const http::Request& request, std::string_view scheme);

inline constexpr std::size_t kClaimBytesMax = 4096;
// Appends the header `name` with the claim as text: lists of texts are joined by spaces, and null
// or nothing makes no header. Returns false if the claim cannot be the value of a header.
[[nodiscard]] bool append_claim(const Json& claims, const std::string& claim,
                                const std::string& name, NewHeaders& out);

}  // namespace sluice::filters
