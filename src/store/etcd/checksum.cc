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

const std::uint64_t* Contents::find(std::uint64_t key) const {
  const Entries& table = tables_[key % kTables];
  const auto entry = table.find(key / kTables);
  return entry == table.end() ? nullptr : &entry->second;
}

std::uint64_t Contents::difference(const EntryChange& change) const {
  const std::uint64_t* old = find(change.key);
  return change.entry.value_or(0) - (old == nullptr ? 0 : *old);
}

std::uint64_t Contents::checksum_after(const std::vector<EntryChange>& changes) const {
  std::uint64_t sum = checksum_;
  for (const EntryChange& change : changes) sum += difference(change);
  return sum;
}

void Contents::apply(const EntryChange& change) {
  checksum_ += difference(change);
  Entries& table = table_of(change.key);
  const std::size_t before = table.size();
  if (change.entry) {
    table[change.key / kTables] = *change.entry;
  } else {
    table.erase(change.key / kTables);
  }
  size_ += table.size() - before;
}

void Contents::apply(const std::vector<EntryChange>& changes) {
  for (const EntryChange& change : changes) apply(change);
}

}  // namespace sluice::store
