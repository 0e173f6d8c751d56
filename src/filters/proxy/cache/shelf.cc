// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/shelf.h"

#include <algorithm>
#include <string_view>

namespace sluice::filters {

const Shelf::Responses* Shelf::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &found->second;
}

Shelf::Responses Shelf::store(const ResponsePtr& entry) {
  if (entry->bytes > bytes_max_) return {entry};
  Responses gone = replaced_by(*entry);
  drop(gone);
  make_room(entry->bytes, gone);
  add_own(entry);
  return gone;
}

void Shelf::add_own(const ResponsePtr& entry) {
  by_key_[entry->key].push_back(entry);
  own_bytes_ += entry->bytes;
  own_places_[entry.get()] = own_.insert(own_.end(), entry);
}

// Two cores may store the same variant at once: all cores must keep the same one.
Shelf::Responses Shelf::adopt(const ResponsePtr& entry) {
  const Responses gone = replaced_by(*entry);
  const auto newer = [&](const ResponsePtr& each) {
    return each->vary == entry->vary && (each->stored_at > entry->stored_at ||
                                         (each->stored_at == entry->stored_at && each > entry));
  };
  if (std::ranges::any_of(gone, newer)) return {};
  Responses own = gone;
  std::erase_if(own, [this](const ResponsePtr& each) { return !own_places_.contains(each.get()); });
  drop(gone);
  by_key_[entry->key].push_back(entry);
  return own;
}

void Shelf::drop(const Responses& entries) {
  for (const ResponsePtr& entry : entries) remove(entry);
}

// The entry of the same variant. If there is none and the key has kVariantsMax variants, the
// oldest.
Shelf::Responses Shelf::replaced_by(const StoredResponse& entry) const {
  Responses old;
  const Responses* const variants = find(entry.key);
  if (variants == nullptr) return old;
  for (const ResponsePtr& each : *variants) {
    if (each->vary == entry.vary) old.push_back(each);
  }
  if (old.empty() && variants->size() >= kVariantsMax) old.push_back(variants->front());
  return old;
}

void Shelf::remove(const ResponsePtr& entry) {
  if (const auto place = own_places_.find(entry.get()); place != own_places_.end()) {
    own_bytes_ -= entry->bytes;
    own_.erase(place->second);
    own_places_.erase(place);
  }
  const auto found = by_key_.find(entry->key);
  if (found == by_key_.end()) return;
  std::erase(found->second, entry);
  if (found->second.empty()) by_key_.erase(found);
}

// Second chance: an entry used since its last inspection moves to the back once more.
void Shelf::make_room(std::size_t bytes, Responses& gone) {
  std::size_t chances = own_.size();
  while (!own_.empty() && own_bytes_ + bytes > bytes_max_) {
    const ResponsePtr next = own_.front();
    if (chances > 0 && next->used.exchange(false, std::memory_order_relaxed)) {
      --chances;
      own_.splice(own_.end(), own_, own_.begin());
      continue;
    }
    gone.push_back(next);
    remove(next);
  }
}

}  // namespace sluice::filters
