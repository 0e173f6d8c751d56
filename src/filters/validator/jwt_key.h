// SPDX-License-Identifier: Apache-2.0
// JwtKey: a key for the signatures of JSON Web Tokens, bound to one algorithm (RFC 8725 section
// 3.1). Immutable; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

struct evp_pkey_st;
struct evp_md_st;

namespace sluice::filters {

enum class JwtFamily { hmac, rsa, rsa_pss, ecdsa, eddsa };

struct JwtAlgorithm {
  std::string_view name;  // as of RFC 7518: "RS256"
  JwtFamily family;
  const char* digest;        // of OpenSSL; null: none
  const char* curve;         // of OpenSSL; null: none
  std::size_t number_bytes;  // ecdsa: of each of the two numbers of a signature
};

// Null for another name, and for "none".
[[nodiscard]] const JwtAlgorithm* jwt_algorithm(std::string_view name);
// The names of all algorithms.
[[nodiscard]] const std::vector<std::string_view>& jwt_algorithm_names();

class JwtKey {
 public:
  // Requires: an algorithm of family hmac, and a secret that is not empty.
  [[nodiscard]] static JwtKey of_secret(const JwtAlgorithm& algorithm, std::string secret);
  // `pem`: a public key (PKIX). Error `invalid`: no such key, or none for this algorithm.
  [[nodiscard]] static Result<JwtKey> of_pem(const JwtAlgorithm& algorithm, const std::string& pem);
  // A JSON Web Key (RFC 7517) for one of `allowed`. Returns a key for each of them that it fits, or
  // for the one that it names. None if it is not for signatures, is symmetric, is too weak or too
  // large, or is malformed.
  [[nodiscard]] static std::vector<JwtKey> of_jwk(const Json& jwk,
                                                  const std::vector<const JwtAlgorithm*>& allowed);

  [[nodiscard]] const JwtAlgorithm& algorithm() const { return *algorithm_; }
  // The name that a set of keys gives it; "" without one.
  [[nodiscard]] const std::string& id() const { return id_; }
  // Compares in constant time where the key is a secret.
  [[nodiscard]] bool verify(std::string_view text, std::string_view signature) const;

 private:
  explicit JwtKey(const JwtAlgorithm& algorithm) : algorithm_(&algorithm) {}
  [[nodiscard]] bool verify_public(std::string_view text, std::string_view signature) const;

  const JwtAlgorithm* algorithm_;
  std::string id_;
  std::string secret_;
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<evp_md_st> digest_;
};

}  // namespace sluice::filters
