// SPDX-License-Identifier: Apache-2.0
#include "control/object_kind.h"

#include <algorithm>

namespace sluice::control {

const ObjectKind* find_kind(const ObjectKinds& kinds, std::string_view word) {
  const auto found = std::ranges::find_if(kinds, [word](const ObjectKind& each) {
    return each.kind == word || each.name == word ||
           std::ranges::find(each.aliases, word) != each.aliases.end();
  });
  return found != kinds.end() ? &*found : nullptr;
}

}  // namespace sluice::control
