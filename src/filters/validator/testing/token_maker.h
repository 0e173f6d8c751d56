// SPDX-License-Identifier: Apache-2.0
// TokenMaker: makes keys, and tokens of any form signed with them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"

struct evp_pkey_st;

namespace sluice::filters {

class TokenMaker {
 public:
  // The kinds of keys: "RSA", "RSA-1024", "P-256", "P-384", "P-521", "Ed25519". Each is made once.
  // The public half in PEM (PKIX).
  [[nodiscard]] std::string pem(const std::string& kind);
  // The public half as a JSON Web Key.
  [[nodiscard]] Json jwk(const std::string& kind);
  // Makes another key of this kind from now on.
  void renew(const std::string& kind) { keys_.erase(kind); }

  // The signature of `text` by the algorithm, in raw bytes. HS*: `key` is the secret, else a kind.
  [[nodiscard]] std::string sign(std::string_view algorithm, const std::string& key,
                                 std::string_view text);
  // "header.payload.signature" of texts that may be anything.
  [[nodiscard]] std::string token(std::string_view header, std::string_view payload,
                                  std::string_view algorithm, const std::string& key);
  // With the usual header.
  [[nodiscard]] std::string token(std::string_view payload, std::string_view algorithm,
                                  const std::string& key);

 private:
  [[nodiscard]] evp_pkey_st* key(const std::string& kind);
  std::map<std::string, std::shared_ptr<evp_pkey_st>> keys_;
};

}  // namespace sluice::filters
