// SPDX-License-Identifier: Apache-2.0
// Replica: a namespace's contents as of one version. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "store/dustbin.h"
#include "store/hash.h"
#include "store/node.h"
#include "store/prefix_counts.h"
#include "store/table.h"

namespace sluice::store {

class Replica {
 public:
  Replica(const Hash& hash, std::shared_ptr<Dustbin> dustbin, Version version)
      : hash_(hash), dustbin_(std::move(dustbin)), version_(version), last_erase_(version) {}
  Replica(Replica&&) noexcept = default;
  Replica& operator=(Replica&&) noexcept = default;
  // The same contents; counters are made anew when they are asked for.
  [[nodiscard]] Replica copy() const;

  [[nodiscard]] std::uint32_t hash(std::string_view key) const { return hash_(key); }
  [[nodiscard]] Record* find(std::uint32_t hash, std::string_view key) const {
    return table_.find(hash, key);
  }
  // Number of keys with the prefix, and the last version that changed it. The first use of a prefix
  // looks at every key.
  [[nodiscard]] const PrefixCounts::Counter& count(std::string_view prefix);

  void apply(const Node& node);
  // While loading: the record is as old as the replica.
  void load(RecordRef record);

  [[nodiscard]] Version version() const { return version_; }
  // No key that is absent now was removed after this version.
  [[nodiscard]] Version last_erase() const { return last_erase_; }
  [[nodiscard]] std::size_t size() const { return table_.size(); }
  // The contents go to the dustbin.
  void discard() { dustbin_->throw_in(std::exchange(table_, Table())); }

 private:
  void put(const Write& write);
  void erase(std::uint32_t hash, std::string_view key);
  void clear(std::string_view prefix);

  Hash hash_;
  std::shared_ptr<Dustbin> dustbin_;
  Table table_;
  PrefixCounts counts_;
  Version version_;
  Version last_erase_;
};

}  // namespace sluice::store
