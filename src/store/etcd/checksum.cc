// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/checksum.h"

#include <cstring>
#include <string>

namespace sluice::store {

Contents::EntryChange Contents::put(std::string_view key, std::string_view value) const {
  const std::uint64_t own = hash_.wide(key);
  std::string entry(sizeof(own), '\0');
  std::memcpy(entry.data(), &own, sizeof(own));
  entry += value;
  return {own, hash_.wide(entry)};
}

std::uint64_t Contents::difference(const EntryChange& change) const {
  const auto old = entries_.find(change.key);
  return change.entry.value_or(0) - (old == entries_.end() ? 0 : old->second);
}

std::uint64_t Contents::checksum_after(const std::vector<EntryChange>& changes) const {
  std::uint64_t sum = checksum_;
  for (const EntryChange& change : changes) sum += difference(change);
  return sum;
}

void Contents::apply(const EntryChange& change) {
  checksum_ += difference(change);
  if (change.entry) {
    entries_[change.key] = *change.entry;
  } else {
    entries_.erase(change.key);
  }
}

void Contents::apply(const std::vector<EntryChange>& changes) {
  for (const EntryChange& change : changes) apply(change);
}

}  // namespace sluice::store
