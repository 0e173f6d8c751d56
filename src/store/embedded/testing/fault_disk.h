// SPDX-License-Identifier: Apache-2.0
// For tests: the contents of a file on disk, and the changes that only the system's cache holds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace sluice::store {

struct FaultDisk {
  static constexpr std::size_t kSector = 512;  // a disk writes it atomically

  struct Change {
    std::size_t at = 0;
    std::string bytes;
    bool truncates = false;  // to `at`
  };

  void sync() {
    for (const Change& change : cached) apply(change);
    cached.clear();
  }
  // A power cut: a random subset of the cached sectors reaches the disk, the rest is lost. A sector
  // is written whole, so a later change of it includes the earlier ones.
  void sync_some(std::mt19937& random) {
    lost.clear();
    for (const Change& change : cached) {
      if (change.truncates) {
        if (random() % 2 == 0) apply(change);
      } else {
        apply_some(change, random);
      }
    }
    cached.clear();
  }

  std::string durable;
  std::vector<Change> cached;  // since the last sync

 private:
  std::set<std::size_t> lost;  // sectors, in sync_some()

  void apply(const Change& change) {
    if (change.truncates) {
      durable.resize(change.at);
      return;
    }
    durable.resize(std::max(durable.size(), change.at + change.bytes.size()));
    durable.replace(change.at, change.bytes.size(), change.bytes);
  }
  void apply_some(const Change& change, std::mt19937& random) {
    const unsigned odds = random() % 3;  // mostly gone, half, mostly there
    for (std::size_t at = 0; at < change.bytes.size();) {
      const std::size_t size =
          std::min(kSector - (change.at + at) % kSector, change.bytes.size() - at);
      const std::size_t sector = (change.at + at) / kSector;
      if (!lost.contains(sector) && random() % 4 <= odds) {
        apply({change.at + at, change.bytes.substr(at, size)});
      } else {
        lost.insert(sector);
      }
      at += size;
    }
  }
};

}  // namespace sluice::store
