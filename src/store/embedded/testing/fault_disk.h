// SPDX-License-Identifier: Apache-2.0
// For tests: the contents of a file on disk, in the system's cache, and the sectors that only the
// cache holds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::store {

class FaultDisk {
 public:
  static constexpr std::size_t kSector = 512;  // a disk writes it atomically

  FaultDisk() = default;
  // All of `contents` is on disk.
  explicit FaultDisk(std::string contents) : durable_(std::move(contents)), cached_(durable_) {}

  void write(std::size_t at, std::string_view bytes) {
    if (bytes.empty()) return;
    const std::size_t end = at + bytes.size();
    cached_.resize(std::max(cached_.size(), end));
    cached_.replace(at, bytes.size(), bytes);
    for (std::size_t sector = at / kSector * kSector; sector < end; sector += kSector) {
      changes_.push_back({sector, cached_.substr(sector, kSector), false});
    }
  }
  void truncate(std::size_t size) {
    cached_.resize(size);
    changes_.push_back({size, {}, true});
  }
  void sync() {
    for (const Change& change : changes_) apply(change);
    changes_.clear();
  }
  // A sync that fails, or a power cut: a random part of the unsynced changes reaches the disk. The
  // cache takes the rest for written.
  void sync_some(std::mt19937& random) {
    const unsigned odds = random() % 3;  // mostly gone, half, mostly there
    for (const Change& change : changes_) {
      if (random() % 4 <= (change.truncates ? 1 : odds)) apply(change);
    }
    changes_.clear();
  }
  [[nodiscard]] const std::string& cached() const { return cached_; }
  // The cache is gone. Returns the contents, as the disk has them.
  const std::string& lose_cache(std::mt19937& random) {
    sync_some(random);
    return cached_ = durable_;
  }

 private:
  // Invariant: a sector is written as the cache has it at that time, with every earlier change of
  // it, even with one that a failed sync has left out.
  struct Change {
    std::size_t at = 0;
    std::string sector;
    bool truncates = false;  // to `at`
  };

  void apply(const Change& change) {
    if (change.truncates) {
      durable_.resize(change.at);
      return;
    }
    durable_.resize(std::max(durable_.size(), change.at + change.sector.size()));
    durable_.replace(change.at, change.sector.size(), change.sector);
  }

  std::string durable_;
  std::string cached_;
  std::vector<Change> changes_;  // since the last sync
};

}  // namespace sluice::store
