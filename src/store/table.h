// SPDX-License-Identifier: Apache-2.0
// Table: key -> Record of one view, by extendible hashing. A directory of segments, each a small
// linear-probing table. A full segment is split in two, so an insert moves at most a few thousand
// pointers, at a hundred keys or ten million. About 20 bytes a key. One thread at a time.
// A copy shares the segments, even across threads. The first table to change a shared segment
// copies it. So a copy costs microseconds, and each later change copies at most one segment.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "store/record.h"

namespace sluice::store {

class Table {
 public:
  Table();
  ~Table();
  Table(Table&&) noexcept;
  Table& operator=(Table&&) noexcept;
  // A table of the same records. Several threads may call it at once, while no thread changes this
  // table.
  [[nodiscard]] Table copy() const;

  // null if absent.
  [[nodiscard]] Record* find(std::uint32_t hash, std::string_view key) const;
  // Returns the replaced record; empty if the key is new.
  RecordRef put(std::uint32_t hash, RecordRef record);
  // Returns the removed record; empty if the key was absent.
  RecordRef erase(std::uint32_t hash, std::string_view key);
  [[nodiscard]] std::size_t size() const { return size_; }
  // Copies up to `most` segments that other tables share, beginning where the last call ended.
  // False at the end of the table.
  bool own_some(std::uint32_t& place, unsigned most);
  // Calls visit(hash, Record&) for every key, in no order. Requires: the table does not change
  // meanwhile.
  template <class Visit>
  void for_each(Visit visit) const;

 private:
  class Segment;
  [[nodiscard]] Segment& segment(std::uint32_t hash) const;
  [[nodiscard]] Segment& own_segment(std::uint32_t hash);
  // The directory entries of one segment are one run.
  [[nodiscard]] std::size_t run_of(const Segment& part) const;
  void replace(std::size_t first, std::size_t count, Segment* part);
  void make_room(std::uint32_t hash);
  void split(Segment& full, std::uint32_t hash);

  // 2^depth_ entries, by the top bits of the hash. Holds one reference to each segment.
  std::vector<Segment*> directory_;
  unsigned depth_ = 0;
  std::size_t size_ = 0;
};

class Table::Segment {
 public:
  static constexpr std::uint32_t kFirstCapacity = 16;
  static constexpr std::uint32_t kLastCapacity = 4096;

  Segment(unsigned its_depth, std::uint32_t its_capacity);
  ~Segment();
  Segment(const Segment& other);  // shares the records
  Segment& operator=(const Segment&) = delete;

  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  // Only a holder of a reference can add one. So false means that no other table uses the segment.
  [[nodiscard]] bool shared() const { return references.load(std::memory_order_acquire) != 1; }

  // The slot of the key, or the empty slot at which the search ended.
  [[nodiscard]] std::uint32_t locate(std::uint32_t hash, std::string_view key) const;
  void insert_new(std::uint32_t hash, Record* record);
  Record* remove_at(std::uint32_t slot);
  // Moves everything into `zeros`/`ones` by the given bit of the hash (equal targets: only a
  // growth).
  void move_to(Segment& zeros, Segment& ones, std::uint32_t bit);
  void swap(Segment& other);
  [[nodiscard]] bool full() const { return size * 4 >= capacity * 3; }

  std::atomic<std::uint32_t> references{1};
  unsigned depth;  // how many top bits of the hash its keys share
  std::uint32_t capacity;
  std::uint32_t size = 0;
  // Two arrays, not interleaved: a search scans only the hashes.
  std::unique_ptr<std::uint32_t[]> hashes;  // 0: empty slot
  std::unique_ptr<Record*[]> records;       // null: empty slot
};

inline std::size_t Table::run_of(const Segment& part) const {
  return std::size_t{1} << (depth_ - part.depth);
}

template <class Visit>
void Table::for_each(Visit visit) const {
  constexpr std::uint32_t kAhead = 8;
  for (std::size_t at = 0; at < directory_.size(); at += run_of(*directory_[at])) {
    const Segment* part = directory_[at];
    for (std::uint32_t i = 0; i < part->capacity; ++i) {
      if (i + kAhead < part->capacity) __builtin_prefetch(part->records[i + kAhead]);
      if (part->records[i] != nullptr) visit(part->hashes[i], *part->records[i]);
    }
  }
}

}  // namespace sluice::store
