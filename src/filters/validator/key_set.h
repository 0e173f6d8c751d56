// SPDX-License-Identifier: Apache-2.0
// KeySet: the keys that may have signed a token: one of the spec, or those of a JWKS document (RFC
// 7517). Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filters/validator/jwt_key.h"

namespace sluice::filters {

inline constexpr std::size_t kKeySetBytesMax = 1 << 20;
inline constexpr std::size_t kKeysMax = 100;
// The keys that are tried for one token. More of them with one name are no honest set.
inline constexpr std::size_t kKeyTriesMax = 4;

class KeySet {
 public:
  explicit KeySet(JwtKey only) { keys_.push_back(std::move(only)); }
  // Reads a JWKS document. Leaves out keys that cannot be used (JwtKey::of_jwk). Error `invalid`:
  // it is none, or has more than kKeysMax keys, or none that can be used.
  [[nodiscard]] static Result<KeySet> parse(std::string_view text,
                                            const std::vector<const JwtAlgorithm*>& allowed);

  // The keys for `algorithm` of that name, and those without a name. An empty `id` fits all.
  // At most kKeyTriesMax.
  [[nodiscard]] std::vector<const JwtKey*> find(std::string_view algorithm,
                                                std::string_view id) const;
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  KeySet() = default;
  std::vector<JwtKey> keys_;
};

}  // namespace sluice::filters
