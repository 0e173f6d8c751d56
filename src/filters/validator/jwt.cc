// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/jwt.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/encoding.h"
#include "base/text.h"
#include "filters/validator/strict_json.h"

namespace sluice::filters {
namespace {

using namespace jwt_fault;

constexpr double kNever = std::numeric_limits<double>::infinity();

struct Token {
  Json header;
  Json payload;
  std::string_view signed_part;
  std::string signature;
};

std::optional<Json> read_part(std::string_view part) {
  const auto bytes = base64url_decode(part);
  if (!bytes) return std::nullopt;
  auto json = parse_strict_json(*bytes);
  return json && json->is_object() ? std::move(json) : std::nullopt;
}

std::optional<Token> read_token(std::string_view text) {
  if (std::ranges::count(text, '.') != 2) return std::nullopt;
  std::string_view rest = text;
  auto header = read_part(take_until(rest, '.'));
  const std::string_view payload_part = take_until(rest, '.');
  auto signature = base64url_decode(rest);
  if (!header || !signature || signature->empty()) return std::nullopt;
  auto payload = read_part(payload_part);
  if (!payload) return std::nullopt;
  return Token{*std::move(header), *std::move(payload),
               text.substr(0, text.size() - rest.size() - 1), *std::move(signature)};
}

// A header that asks for something that this code does not do (RFC 7515 section 4.1.11).
bool asks_for_more(const Json& header) {
  return header.contains("crit") || header.contains("zip") || header.contains("enc");
}

// "" if it is absent; nullopt if it is no text.
std::optional<std::string> text_in(const Json& map, const char* name) {
  const auto found = map.find(name);
  if (found == map.end()) return "";
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

bool is_for(const Json& payload, const std::vector<std::string>& audience) {
  const auto found = payload.find("aud");
  if (found == payload.end()) return false;
  const auto is_ours = [&](const Json& item) {
    return item.is_string() &&
           std::ranges::find(audience, item.get_ref<const std::string&>()) != audience.end();
  };
  return found->is_array() ? std::ranges::any_of(*found, is_ours) : is_ours(*found);
}

std::string_view fault_of_claims(const Json& payload, const JwtRules& rules) {
  const auto issuer = text_in(payload, "iss");
  if (!rules.issuer.empty() && issuer != rules.issuer) return kIssuer;
  if (!rules.audience.empty() && !is_for(payload, rules.audience)) return kAudience;
  const bool complete = std::ranges::all_of(rules.required_claims, [&](const std::string& name) {
    return payload.contains(name) && !payload[name].is_null();
  });
  return complete ? "" : kClaim;
}

}  // namespace

bool read_time(const Json& claims, const char* name, double& out) {
  const auto found = claims.find(name);
  if (found == claims.end()) return true;
  if (!found->is_number()) return false;
  out = found->get<double>();
  return true;
}

std::string_view TokenTimes::fault_at(double now, Duration leeway) const {
  const double slack = std::chrono::duration<double>(leeway).count();
  if (now >= expires + slack) return kExpired;
  if (now < not_before - slack) return kNotYet;
  if (now < issued - slack) return kFuture;
  return "";
}

std::expected<JwtClaims, std::string_view> verify_jwt(std::string_view text, const KeySet& keys,
                                                      const JwtRules& rules, double now) {
  if (text.size() > kTokenBytesMax) return std::unexpected(kTooLarge);
  auto token = read_token(text);
  if (!token || asks_for_more(token->header)) return std::unexpected(kMalformed);
  const auto algorithm = text_in(token->header, "alg");
  const auto id = text_in(token->header, "kid");
  if (!algorithm || !id) return std::unexpected(kMalformed);
  if (!keys.allows(*algorithm)) return std::unexpected(kAlgorithm);
  const auto candidates = keys.find(*algorithm, *id);
  if (candidates.empty()) return std::unexpected(kUnknownKey);
  const auto has_signed = [&](const JwtKey* key) {
    return key->verify(token->signed_part, token->signature);
  };
  if (std::ranges::none_of(candidates, has_signed)) return std::unexpected(kWrongKey);
  TokenTimes times{kNever, -kNever, -kNever};
  if (!read_time(token->payload, "exp", times.expires) ||
      !read_time(token->payload, "nbf", times.not_before) ||
      !read_time(token->payload, "iat", times.issued))
    return std::unexpected(kMalformed);
  std::string_view fault = times.fault_at(now, rules.leeway);
  if (fault.empty()) fault = fault_of_claims(token->payload, rules);
  if (!fault.empty()) return std::unexpected(fault);
  return JwtClaims{std::move(token->payload), times};
}

}  // namespace sluice::filters
