// SPDX-License-Identifier: Apache-2.0
#include "store/replica.h"

#include "store/bulk.h"

namespace sluice::store {

std::vector<std::uint64_t> count_keys(const Table& table, std::span<const std::string> prefixes) {
  std::vector<std::uint64_t> counts(prefixes.size());
  table.for_each([&](std::uint32_t, const Record& record) {
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      if (record.key().starts_with(prefixes[i])) ++counts[i];
    }
  });
  return counts;
}

Replica Replica::copy() const {
  Replica result(hash_, backroom_, version_);
  result.table_ = table_.copy();
  result.counts_ = counts_;
  result.limit_ = limit_;
  result.bulk_versions_ = bulk_versions_;
  result.last_erase_ = last_erase_;
  return result;
}

const PrefixCounts::Counter* Replica::count(std::string_view prefix, std::size_t at_once) {
  if (const auto* counter = counts_.find(prefix)) return counter;
  if (table_.size() > at_once) return nullptr;
  const std::string text(prefix);
  return &counts_.add(prefix, count_keys(table_, {&text, 1}).front(), version_);
}

void Replica::count_all(std::span<const std::string> prefixes, Version changed) {
  std::vector<std::string> missing;
  for (const std::string& prefix : prefixes) {
    if (counts_.find(prefix) == nullptr) missing.push_back(prefix);
  }
  if (missing.empty()) return;
  const auto counts = count_keys(table_, missing);
  for (std::size_t i = 0; i < missing.size(); ++i) counts_.add(missing[i], counts[i], changed);
  (void)counts_.take_news();
}

Table Replica::begin_count(std::span<const std::string> prefixes, std::uint64_t ticket) {
  for (const std::string& prefix : prefixes) counts_.begin(prefix, version_, ticket);
  return table_.copy();
}

void Replica::apply(const Node& node) {
  version_ = node.version;
  for (const Write& write : node.writes) {
    if (write.op == Op::put) {
      put(write, version_);
    } else {
      erase(write.hash, write.record->key(), version_);
    }
  }
  if (node.limit) [[unlikely]] {
    const bool counted = limit_ && limit_->state.limit.prefix == node.limit->state.limit.prefix;
    limit_ = HeldLimit{node.limit->state, counted ? limit_->used : node.limit->used};
  }
  if (!node.bulk) return;
  if (node.bulk->state) {
    become(*node.bulk->state);
  } else {
    apply(*node.bulk, version_);
  }
}

void Replica::hold_limit(const LimitState& state) {
  limit_ = HeldLimit{state, count_keys(table_, {&state.limit.prefix, 1}).front()};
}

void Replica::become(const Replica& state) {
  Replica next = state.copy();
  std::swap(*this, next);
  backroom_->throw_away(std::move(next.table_));
}

void Replica::apply(const Bulk& bulk, Version mark) {
  if (bulk.clear) clear(*bulk.clear, mark);
  for (const Write& write : bulk.puts) put(write, mark);
}

void Replica::begin_bulk(const Bulk& bulk) {
  const Version mark = kBulkMark + bulk_versions_.size();
  for (const Write& write : bulk.puts) write.record->stamp(mark);
  bulk_versions_.push_back(0);
  apply(bulk, mark);
}

// Stamps these writes with the bulk's mark: the bulk follows and may overwrite the same keys.
void Replica::apply_below(const Node& node, const Bulk& bulk) {
  const Version mark = kBulkMark + bulk_versions_.size() - 1;
  version_ = node.version;
  for (const Write& write : node.writes) {
    const std::string_view key = write.record->key();
    const bool cleared = bulk.clears(key);
    if (cleared || mark_of(find(write.hash, key)) == mark) {
      // The bulk undoes this write, and also its effect on the counts.
      counts_.inserted(key, mark);
      counts_.erased(key, mark);
      if (cleared) last_erase_ = mark;
    } else if (write.op == Op::put) {
      put(write, mark);
    } else {
      erase(write.hash, key, mark);
    }
  }
}

void Replica::set_bulk_version(Version version) {
  version_ = version;
  bulk_versions_.back() = version;
}

void Replica::load(RecordRef record) {
  record->stamp(version_);
  const std::uint32_t hash = hash_(record->key());
  table_.put(hash, std::move(record));
}

void Replica::put(const Write& write, Version mark) {
  const RecordRef replaced = table_.put(write.hash, RecordRef::share(write.record.get()));
  if (replaced) return;
  counts_.inserted(write.record->key(), mark);
  if (is_limited(write.record->key())) ++limit_->used;
}

void Replica::erase(std::uint32_t hash, std::string_view key, Version mark) {
  const RecordRef removed = table_.erase(hash, key);
  if (!removed) return;
  counts_.erased(key, mark);
  if (is_limited(key)) --limit_->used;
  last_erase_ = mark;
}

void Replica::clear(std::string_view prefix, Version mark) {
  if (prefix.empty()) {
    if (table_.size() > 0) last_erase_ = mark;
    backroom_->throw_away(std::exchange(table_, Table()));
    counts_.erased_all(mark);
    if (limit_) limit_->used = 0;
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
  for (const Match& match : matches) erase(match.hash, match.record->key(), mark);
}

}  // namespace sluice::store
