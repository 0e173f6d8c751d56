// SPDX-License-Identifier: Apache-2.0
// The text that a signature covers. It is the same for signer and verifier, however the request was
// written. Any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/signer/spec.h"
#include "http/message.h"

namespace sluice::filters {

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

struct QueryPair {
  std::string name;
  std::string value;
  auto operator<=>(const QueryPair&) const = default;
};
using QueryPairs = std::vector<QueryPair>;

// Decodes the pairs of a query in order. Returns nullopt if one cannot be decoded: a backend may
// read what the signature would not cover.
[[nodiscard]] std::optional<QueryPairs> parse_query(std::string_view query);
// Sorts and encodes the pairs.
[[nodiscard]] std::string canonical_query(QueryPairs pairs);
// Removes the parameters that carry a signature.
void drop_signature(const SignatureLiterals& literals, QueryPairs& pairs);
// Encodes an escaped path once more, all but '/'.
[[nodiscard]] std::string canonical_path(std::string_view escaped_path);
// "name:value\n" for each of `names`, which are in lower case. "host" is that of the request,
// without the default port of its scheme. Several values are joined by commas, and runs of spaces
// count as one.
[[nodiscard]] std::string canonical_headers(const http::Request& request,
                                            const std::vector<std::string>& names);

using SignTime = std::chrono::sys_seconds;
// "20260131T235959Z"
[[nodiscard]] std::string format_sign_time(SignTime when);
// Returns nullopt for other text, and for a day that does not exist.
[[nodiscard]] std::optional<SignTime> parse_sign_time(std::string_view text);

// What is signed beside the request itself.
struct SignatureTerms {
  std::string time;                 // as format_sign_time() writes it
  std::vector<std::string> scopes;  // between date and suffix
  std::vector<std::string> names;   // of the signed headers
  std::string query;                // canonical
  std::string body_hash;

  // "20260131/scope/request"
  [[nodiscard]] std::string scope(const SignatureLiterals& literals) const;
};

// In lower-case hex.
[[nodiscard]] std::string signature_of(const http::Request& request, const SignatureTerms& terms,
                                       const SignatureLiterals& literals, std::string_view secret);

// "a;b;c"
[[nodiscard]] std::string join_names(const std::vector<std::string>& names);

}  // namespace sluice::filters
