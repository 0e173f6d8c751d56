// SPDX-License-Identifier: Apache-2.0
#include "store/bulk.h"

#include <algorithm>

namespace sluice::store {

void Bulk::sort() {
  const auto key = [](const Write& write) { return write.record->key(); };
  if (!std::ranges::is_sorted(puts, {}, key)) std::ranges::stable_sort(puts, {}, key);
  // From the end, so that the last write of each key stays.
  const auto same = [&](const Write& a, const Write& b) { return key(a) == key(b); };
  const auto kept = std::unique(puts.rbegin(), puts.rend(), same);
  puts.erase(puts.begin(), kept.base());
}

}  // namespace sluice::store
