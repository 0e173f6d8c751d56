// SPDX-License-Identifier: Apache-2.0
#include "filters/signer/verifier.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"
#include "http/headers.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kScopesMax = 16;
constexpr std::size_t kSignedNamesMax = 100;
constexpr std::chrono::minutes kSkewMax{5};  // of a signer's clock, without a ttl

constexpr std::string_view kAbsent = "no signature";
constexpr std::string_view kMalformed = "the signature is malformed";
constexpr std::string_view kExpired = "the signature has expired";

// A signature as the client has written it.
struct Claim {
  std::string key_id;
  std::string date;  // of the credential
  SignatureTerms terms;
  std::string signature;
  std::optional<std::uint32_t> expires{};  // in seconds, of a signed URL
};

std::vector<std::string> split(std::string_view text, char separator, std::size_t max) {
  std::vector<std::string> parts;
  while (parts.size() <= max) {
    const bool last = !text.contains(separator);
    parts.emplace_back(take_until(text, separator));
    if (last) break;
  }
  return parts;
}

// "id/20260131/scope/request"
bool read_credential(std::string_view text, const SignatureLiterals& literals, Claim& out) {
  std::vector<std::string> parts = split(text, '/', kScopesMax + 3);
  if (parts.size() < 3 || parts.size() > kScopesMax + 3) return false;
  if (parts.back() != literals.scope_suffix) return false;
  out.key_id = std::move(parts[0]);
  out.date = std::move(parts[1]);
  out.terms.scopes.assign(std::make_move_iterator(parts.begin() + 2),
                          std::make_move_iterator(parts.end() - 1));
  return out.date.size() == 8;
}

bool read_names(std::string_view text, Claim& out) {
  out.terms.names = split(text, ';', kSignedNamesMax);
  if (out.terms.names.size() > kSignedNamesMax) return false;
  return std::ranges::all_of(out.terms.names, [](const std::string& name) {
    return http::is_token(name) && lower_case(name) == name;
  });
}

bool read_time(std::string_view text, Claim& out) {
  out.terms.time = text;
  return out.terms.time.starts_with(out.date);
}

// Takes "name=" off the element.
bool take_name(std::string_view& element, std::string_view name) {
  element = trim_ows(element);
  if (!element.starts_with(name)) return false;
  element.remove_prefix(name.size());
  return true;
}

// The value of a header; nullopt if it is absent, or comes more than once.
std::optional<std::string_view> only_value(const http::Headers& headers, std::string_view name) {
  std::optional<std::string_view> found;
  for (const http::Field& field : headers) {
    if (!http::iequals(field.name, name)) continue;
    if (found) return std::nullopt;
    found = field.value;
  }
  return found;
}

bool read_header(const http::Request& request, const SignatureLiterals& literals, Claim& out) {
  const auto header = only_value(request.headers, "Authorization");
  if (!header) return false;
  std::string_view rest = *header;
  if (take_until(rest, ' ') != literals.algorithm_value) return false;
  std::string_view credential = take_until(rest, ',');
  std::string_view names = take_until(rest, ',');
  if (!take_name(credential, "Credential=") || !take_name(names, "SignedHeaders=") ||
      !take_name(rest, "Signature="))
    return false;
  out.signature = rest;
  const auto date = only_value(request.headers, literals.date);
  return date && read_credential(credential, literals, out) && read_names(names, out) &&
         read_time(*date, out);
}

// Removes the parameter from `pairs`. Returns nullopt if it is absent, or comes more than once.
std::optional<std::string> take_only(QueryPairs& pairs, std::string_view name) {
  const auto is_it = [&](const QueryPair& pair) { return pair.name == name; };
  if (std::ranges::count_if(pairs, is_it) != 1) return std::nullopt;
  const auto at = std::ranges::find_if(pairs, is_it);
  std::string value = std::move(at->value);
  pairs.erase(at);
  return value;
}

bool read_url(const SignatureLiterals& literals, QueryPairs& pairs, Claim& out) {
  const auto signature = take_only(pairs, literals.signature);
  QueryPairs rest = pairs;  // the signature covers the other parameters
  const auto algorithm = take_only(rest, literals.algorithm_name);
  const auto credential = take_only(rest, literals.credential);
  const auto date = take_only(rest, literals.date);
  const auto names = take_only(rest, literals.signed_headers);
  const auto expires = take_only(rest, literals.expires);
  if (!signature || !algorithm || !credential || !date || !names || !expires) return false;
  out.signature = *signature;
  out.expires = to_number<std::uint32_t>(*expires);
  return *algorithm == literals.algorithm_value && out.expires.has_value() &&
         read_credential(*credential, literals, out) && read_names(*names, out) &&
         read_time(*date, out);
}

bool has_expired(const Claim& claim, Duration ttl, SignTime signed_at, SignTime now) {
  const std::chrono::seconds age = now - signed_at;
  const auto age_max = std::chrono::ceil<std::chrono::seconds>(ttl);
  const bool limited = ttl > Duration::zero();
  if (-age > (limited ? age_max : std::chrono::seconds(kSkewMax))) return true;
  if (limited && age > age_max) return true;
  return claim.expires && age > std::chrono::seconds(*claim.expires);
}

}  // namespace

SignatureVerifier::SignatureVerifier(SignatureSpec spec) : spec_(std::move(spec)) {
  if (!spec_.access_key_id.empty())
    spec_.access_keys[spec_.access_key_id] = spec_.access_key_secret;
}

std::string_view SignatureVerifier::fault_of(const http::Request& request, SignTime now) const {
  const SignatureLiterals& literals = spec_.literal;
  auto pairs = parse_query(request.query);
  if (!pairs) return "the query cannot be decoded";
  Claim claim;
  if (request.headers.contains("Authorization")) {
    if (!read_header(request, literals, claim)) return kMalformed;
    // No signature covers the parameters that carry one.
    const std::size_t all = pairs->size();
    drop_signature(literals, *pairs);
    if (pairs->size() != all) return "parameters of a signature stand beside it";
  } else if (std::ranges::none_of(
                 *pairs, [&](const QueryPair& pair) { return pair.name == literals.signature; })) {
    return kAbsent;
  } else if (!read_url(literals, *pairs, claim)) {
    return kMalformed;
  }
  const auto signed_at = parse_sign_time(claim.terms.time);
  if (!signed_at) return kMalformed;
  if (has_expired(claim, spec_.ttl, *signed_at, now)) return kExpired;
  if (std::ranges::find(claim.terms.names, "host") == claim.terms.names.end())
    return "the signature does not cover the host";
  if (request.body.is_stream() && !spec_.exclude_body)
    return "the body is a stream, and no signature covers it";
  const auto key = spec_.access_keys.find(claim.key_id);
  if (key == spec_.access_keys.end()) return "unknown access key";
  claim.terms.query = canonical_query(*std::move(pairs));
  claim.terms.body_hash = spec_.exclude_body ? kUnsignedPayload : sha256_hex(request.body.bytes());
  const std::string expected = signature_of(request, claim.terms, literals, key->second);
  return equal_in_constant_time(expected, claim.signature) ? "" : "wrong signature";
}

}  // namespace sluice::filters
