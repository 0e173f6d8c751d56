// SPDX-License-Identifier: Apache-2.0
// Reads tokens and sets of keys. No token passes that was not signed.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/validator/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::filters;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const KeySet keys(JwtKey::of_secret(*jwt_algorithm("HS256"), "never signed with"));
  if (verify_jwt(text, keys, {}, 1'000'000'000).has_value()) std::abort();
  const auto set = KeySet::parse(text, {jwt_algorithm("RS256"), jwt_algorithm("ES256")});
  if (set && (set->size() == 0 || set->size() > 2 * kKeysMax)) std::abort();
  return 0;
}
