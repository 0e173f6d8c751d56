// SPDX-License-Identifier: Apache-2.0
// Contents: the checksum of an epoch, and what a group needs to change it. The checksum is the sum
// of hash(key, value) over the entries, modulo 2^64. The hash has a secret of the cluster, because
// clients choose keys and values. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/hash.h"

namespace sluice::store {

class Contents {
 public:
  explicit Contents(const Hash& hash) : hash_(hash) {}

  [[nodiscard]] const Hash& hash() const { return hash_; }

  // A change of one key, computed before it is known whether it comes into force.
  struct EntryChange {
    std::uint64_t key = 0;                 // its hash
    std::optional<std::uint64_t> entry{};  // hash(key, value); none: the key goes
  };
  [[nodiscard]] EntryChange put(std::string_view key, std::string_view value) const;
  [[nodiscard]] EntryChange erase(std::string_view key) const { return {hash_.wide(key), {}}; }
  [[nodiscard]] bool has(std::string_view key) const { return find(hash_.wide(key)) != nullptr; }

  // The checksum after the changes. Requires: each key once.
  [[nodiscard]] std::uint64_t checksum_after(const std::vector<EntryChange>& changes) const;
  void apply(const std::vector<EntryChange>& changes);
  void apply(const EntryChange& change);
  [[nodiscard]] std::uint64_t checksum() const { return checksum_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  // By hash of the key. Many tables, because the growth of one moves all that is in it: of ten
  // million entries in one table, that would take seconds.
  using Entries = std::unordered_map<std::uint64_t, std::uint64_t>;
  static constexpr std::size_t kTables = 256;
  [[nodiscard]] Entries& table_of(std::uint64_t key) { return tables_[key % kTables]; }
  [[nodiscard]] const std::uint64_t* find(std::uint64_t key) const;  // none: nullptr
  [[nodiscard]] std::uint64_t difference(const EntryChange& change) const;

  Hash hash_;
  std::vector<Entries> tables_ = std::vector<Entries>(kTables);
  std::size_t size_ = 0;
  std::uint64_t checksum_ = 0;
};

}  // namespace sluice::store
