// SPDX-License-Identifier: Apache-2.0
// For tests: what of a file has reached the disk, and what is only in the system's cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace sluice::store {

struct FaultDisk {
  static constexpr std::size_t kSector = 512;  // what a disk writes whole

  struct Change {
    std::size_t at = 0;
    std::string bytes;
    bool truncates = false;  // to `at`
  };

  void sync() {
    for (const Change& change : cached) apply(change);
    cached.clear();
  }
  // Any of the sectors may have got there, in any order; the rest never will. A sector is written
  // whole: a change of it that got there has those before it with it.
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
