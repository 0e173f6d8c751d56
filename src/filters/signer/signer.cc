// SPDX-License-Identifier: Apache-2.0
#include "filters/signer/signer.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"
#include "http/field_kind.h"
#include "http/withheld_trailers.h"

namespace sluice::filters {

RequestSigner::RequestSigner(SignatureSpec spec, std::vector<std::string> scopes)
    : spec_(std::move(spec)), scopes_(std::move(scopes)) {}

bool RequestSigner::covers(std::string_view name) const {
  if (http::field_kind(name) != http::FieldKind::other) return false;
  if (http::iequals(name, "Authorization") || http::iequals(name, "User-Agent")) return false;
  return std::ranges::none_of(spec_.ignored_headers, [&](const std::string& ignored) {
    return http::iequals(name, ignored);
  });
}

std::vector<std::string> RequestSigner::names_of(const http::Request& request) const {
  std::vector<std::string> names{"host"};
  for (const http::Field& field : request.headers) {
    if (covers(field.name)) names.push_back(lower_case(field.name));
  }
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

Result<void> RequestSigner::sign(http::Request& request, SignTime now) const {
  if (request.body.is_stream() && !spec_.exclude_body)
    return fail(ErrorKind::invalid, "the body is a stream, which cannot be signed");
  auto pairs = parse_query(request.query);
  if (!pairs) return fail(ErrorKind::invalid, "the query cannot be decoded");
  const SignatureLiterals& literal = spec_.literal;
  drop_signature(literal, *pairs);
  SignatureTerms terms;
  terms.time = format_sign_time(now);
  terms.scopes = scopes_;
  terms.query = canonical_query(*std::move(pairs));
  terms.body_hash = spec_.exclude_body ? kUnsignedPayload : sha256_hex(request.body.bytes());
  http::claim_field(request, literal.date);
  request.headers.set(literal.date, terms.time);
  http::claim_field(request, literal.content_sha256);
  if (spec_.exclude_body || request.headers.contains(literal.content_sha256))
    request.headers.set(literal.content_sha256, terms.body_hash);
  terms.names = names_of(request);
  request.headers.set(
      "Authorization",
      literal.algorithm_value + " Credential=" + spec_.access_key_id + "/" + terms.scope(literal) +
          ", SignedHeaders=" + join_names(terms.names) +
          ", Signature=" + signature_of(request, terms, literal, spec_.access_key_secret));
  return {};
}

}  // namespace sluice::filters
