// SPDX-License-Identifier: Apache-2.0
#include "store/replica.h"

#include <vector>

namespace sluice::store {

Replica Replica::copy() const {
  Replica result(hash_, dustbin_, version_);
  result.table_ = table_.copy();
  result.last_erase_ = last_erase_;
  return result;
}

const PrefixCounts::Counter& Replica::count(std::string_view prefix) {
  if (const auto* counter = counts_.find(prefix)) return *counter;
  std::uint64_t count = 0;
  table_.for_each([&](std::uint32_t, const Record& record) {
    if (record.key().starts_with(prefix)) ++count;
  });
  return counts_.add(prefix, count, version_);
}

void Replica::apply(const Node& node) {
  version_ = node.version;
  for (const Write& write : node.writes) {
    switch (write.op) {
      case Op::put:
        put(write);
        break;
      case Op::erase:
        erase(write.hash, write.record->key());
        break;
      case Op::clear:
        clear(write.record->key());
        break;
    }
  }
}

void Replica::load(RecordRef record) {
  record->stamp(version_);
  const std::uint32_t hash = hash_(record->key());
  table_.put(hash, std::move(record));
}

void Replica::put(const Write& write) {
  const RecordRef replaced = table_.put(write.hash, RecordRef::share(write.record.get()));
  if (!replaced) counts_.inserted(write.record->key(), version_);
}

void Replica::erase(std::uint32_t hash, std::string_view key) {
  const RecordRef removed = table_.erase(hash, key);
  if (!removed) return;
  counts_.erased(key, version_);
  last_erase_ = version_;
}

void Replica::clear(std::string_view prefix) {
  if (prefix.empty()) {
    if (table_.size() > 0) last_erase_ = version_;
    discard();
    counts_.erased_all(version_);
    return;
  }
  struct Match {
    std::uint32_t hash;
    RecordRef record;
  };
  std::vector<Match> matches;
  table_.for_each([&](std::uint32_t hash, Record& record) {
    if (record.key().starts_with(prefix)) matches.push_back({hash, RecordRef::share(&record)});
  });
  for (const Match& match : matches) erase(match.hash, match.record->key());
}

}  // namespace sluice::store
