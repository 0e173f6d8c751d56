// SPDX-License-Identifier: Apache-2.0
// JSON Web Tokens (RFC 7519) with a signature (RFC 7515), checked after RFC 8725. Any thread.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "filters/validator/key_set.h"

namespace sluice::filters {

inline constexpr std::size_t kTokenBytesMax = 16 << 10;

// Why a token is refused. Literals: nothing of the token is in them.
namespace jwt_fault {
inline constexpr std::string_view kTooLarge = "the token is too large";
inline constexpr std::string_view kMalformed = "the token is malformed";
inline constexpr std::string_view kAlgorithm = "not this algorithm";
inline constexpr std::string_view kUnknownKey = "unknown key";
inline constexpr std::string_view kWrongKey = "wrong key";
inline constexpr std::string_view kExpired = "expired";
inline constexpr std::string_view kNotYet = "not yet valid";
inline constexpr std::string_view kFuture = "issued in the future";
inline constexpr std::string_view kIssuer = "wrong issuer";
inline constexpr std::string_view kAudience = "wrong audience";
inline constexpr std::string_view kClaim = "a claim is missing";
}  // namespace jwt_fault

// What a token must say beside its signature.
struct JwtRules {
  std::string issuer;                 // "": any
  std::vector<std::string> audience;  // one of these; empty: any
  std::vector<std::string> required_claims;
  Duration leeway{};  // for the clocks of others
};

// The times of a token in seconds since 1970. A time that it does not give is never the reason of a
// refusal.
struct TokenTimes {
  double expires;
  double not_before;
  double issued;

  // Returns "" or the fault at `now`.
  [[nodiscard]] std::string_view fault_at(double now, Duration leeway) const;
};

// Reads the member `name`, a number, into `out`, which stays as it is if there is none. Returns
// false for another value.
[[nodiscard]] bool read_time(const Json& claims, const char* name, double& out);

struct JwtClaims {
  Json payload;
  TokenTimes times;
};

// Returns the claims of a token that one of `keys` has signed and that fulfils `rules` at `now`, in
// seconds since 1970. Error: the fault. Claims are looked at after the signature.
[[nodiscard]] std::expected<JwtClaims, std::string_view> verify_jwt(std::string_view token,
                                                                    const KeySet& keys,
                                                                    const JwtRules& rules,
                                                                    double now);

}  // namespace sluice::filters
