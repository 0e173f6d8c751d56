// SPDX-License-Identifier: Apache-2.0
// Replica: a namespace's contents as of one version. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/backroom.h"
#include "store/hash.h"
#include "store/limit.h"
#include "store/node.h"
#include "store/prefix_counts.h"
#include "store/table.h"

namespace sluice::store {

class Replica {
 public:
  // `bulk_marks`: the number of marks of bulk changes that are taken, by replicas of the chains
  // before. Runs that have read from those must not take a new mark for an old one.
  Replica(const Hash& hash, std::shared_ptr<Backroom> backroom, Version version,
          std::size_t bulk_marks = 0)
      : hash_(hash),
        backroom_(std::move(backroom)),
        bulk_versions_(bulk_marks),
        version_(version),
        last_erase_(version) {}
  Replica(Replica&&) noexcept = default;
  Replica& operator=(Replica&&) noexcept = default;
  // The same contents and counters; see Table::copy.
  [[nodiscard]] Replica copy() const;

  [[nodiscard]] std::uint32_t hash(std::string_view key) const { return hash_(key); }
  [[nodiscard]] Record* find(std::uint32_t hash, std::string_view key) const {
    return table_.find(hash, key);
  }
  // The version that wrote the record, or 0 for none, as a mark. Marks can only be compared,
  // because the records of a bulk change are made before its version is known.
  [[nodiscard]] static Version mark_of(const Record* record) {
    return record != nullptr ? record->version() : 0;
  }
  [[nodiscard]] Version version_of(Version mark) const {
    return mark < kBulkMark ? mark : bulk_versions_[mark - kBulkMark];
  }

  // The number of keys with the prefix, and the mark of its last change. Null if the prefix is not
  // counted. If the replica has at most `at_once` keys, the first use counts.
  [[nodiscard]] const PrefixCounts::Counter* count(std::string_view prefix, std::size_t at_once);
  // Counts those prefixes that are not counted yet. Visits every key.
  void count_all(std::span<const std::string> prefixes) { count_all(prefixes, version_); }
  // Begins a count on another thread and returns the contents to count. Until finish_count() with
  // the same ticket, the counters record the changes.
  [[nodiscard]] Table begin_count(std::span<const std::string> prefixes, std::uint64_t ticket);
  void finish_count(std::string_view prefix, std::uint64_t count, std::uint64_t ticket) {
    counts_.finish(prefix, count, ticket);
  }
  [[nodiscard]] PrefixCounts& counts() { return counts_; }

  // The limit that holds behind the version; null: there is none.
  [[nodiscard]] const HeldLimit* limit() const { return limit_ ? &*limit_ : nullptr; }
  // Visits every key.
  void hold_limit(const LimitState& state);

  void apply(const Node& node);
  // While loading: adds a record. Its version is that of the replica.
  void load(RecordRef record);

  // Builds the state of a bulk change on an unpublished replica: first the change, then the commits
  // that turn out to precede it, then its version.
  void begin_bulk(const Bulk& bulk);
  void apply_below(const Node& node, const Bulk& bulk);
  void count_all_below(std::span<const std::string> prefixes) {
    count_all(prefixes, kBulkMark + bulk_versions_.size() - 1);
  }
  void set_bulk_version(Version version);
  // Requires: nothing was applied after `version`.
  void raise_version(Version version) { version_ = version; }

  // See Table.
  bool own_some(std::uint32_t& place, unsigned most) { return table_.own_some(place, most); }

  [[nodiscard]] Version version() const { return version_; }
  // Invariant: no absent key was removed after this version.
  [[nodiscard]] Version last_erase() const { return version_of(last_erase_); }
  [[nodiscard]] std::size_t size() const { return table_.size(); }
  [[nodiscard]] std::size_t bulk_marks() const { return bulk_versions_.size(); }

 private:
  // Marks at or above this value are positions in bulk_versions_.
  static constexpr Version kBulkMark = Version{1} << 63;

  void count_all(std::span<const std::string> prefixes, Version changed);
  void apply(const Bulk& bulk, Version mark);
  void become(const Replica& state);
  void put(const Write& write, Version mark);
  void erase(std::uint32_t hash, std::string_view key, Version mark);
  void clear(std::string_view prefix, Version mark);
  [[nodiscard]] bool is_limited(std::string_view key) const {
    return limit_ && key.starts_with(limit_->state.limit.prefix);
  }

  Hash hash_;
  std::shared_ptr<Backroom> backroom_;
  Table table_;
  PrefixCounts counts_;
  std::optional<HeldLimit> limit_;
  std::vector<Version> bulk_versions_;  // of the bulk changes that were applied as states
  Version version_;
  Version last_erase_;  // a mark
};

// For each prefix, how many keys of the table begin with it.
[[nodiscard]] std::vector<std::uint64_t> count_keys(const Table& table,
                                                    std::span<const std::string> prefixes);

}  // namespace sluice::store
