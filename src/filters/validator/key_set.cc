// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/key_set.h"

#include <iterator>
#include <nlohmann/json.hpp>

#include "filters/validator/strict_json.h"

namespace sluice::filters {

Result<KeySet> KeySet::parse(std::string_view text,
                             const std::vector<const JwtAlgorithm*>& allowed) {
  if (text.size() > kKeySetBytesMax)
    return fail(ErrorKind::invalid, "the set of keys is larger than 1 MiB");
  const auto document = parse_strict_json(text);
  if (!document || !document->is_object() || !document->contains("keys") ||
      !(*document)["keys"].is_array())
    return fail(ErrorKind::invalid, "is no set of keys (JWKS)");
  const Json& keys = (*document)["keys"];
  if (keys.size() > kKeysMax) return fail(ErrorKind::invalid, "has more than 100 keys");
  KeySet set;
  for (const Json& key : keys) {
    auto usable = JwtKey::of_jwk(key, allowed);
    std::ranges::move(usable, std::back_inserter(set.keys_));
  }
  if (set.keys_.empty()) return fail(ErrorKind::invalid, "has no key that can be used");
  return set;
}

std::vector<const JwtKey*> KeySet::find(std::string_view algorithm, std::string_view id) const {
  std::vector<const JwtKey*> found;
  for (const JwtKey& key : keys_) {
    if (key.algorithm().name != algorithm) continue;
    if (!id.empty() && !key.id().empty() && key.id() != id) continue;
    found.push_back(&key);
    if (found.size() == kKeyTriesMax) break;
  }
  return found;
}

}  // namespace sluice::filters
