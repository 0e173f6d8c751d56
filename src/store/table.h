// SPDX-License-Identifier: Apache-2.0
// Table: key -> Record of one view, by extendible hashing. A directory of segments, each a small
// linear-probing table; a full segment is split in two, so no insert ever moves more than a few
// thousand pointers, at a hundred keys or at ten million. About 20 bytes a key. One thread at a
// time.
#pragma once

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
  // A table of the same records.
  [[nodiscard]] Table copy() const;

  // null if absent.
  [[nodiscard]] Record* find(std::uint32_t hash, std::string_view key) const;
  // What it replaced; empty if the key is new.
  RecordRef put(std::uint32_t hash, RecordRef record);
  // What it removed; empty if the key was absent.
  RecordRef erase(std::uint32_t hash, std::string_view key);
  [[nodiscard]] std::size_t size() const { return size_; }
  // visit(hash, Record&) for every key, in no order. The table must not change meanwhile.
  template <class Visit>
  void for_each(Visit visit) const;

 private:
  class Segment;
  [[nodiscard]] Segment& segment(std::uint32_t hash) const;
  void make_room(std::uint32_t hash);
  void split(Segment& full, std::uint32_t hash);

  std::vector<std::unique_ptr<Segment>> segments_;
  std::vector<Segment*> directory_;  // 2^depth_ entries, by the top bits of the hash
  unsigned depth_ = 0;
  std::size_t size_ = 0;
};

class Table::Segment {
 public:
  static constexpr std::uint32_t kFirstCapacity = 16;
  static constexpr std::uint32_t kLastCapacity = 4096;

  Segment(unsigned depth, std::uint32_t capacity);
  ~Segment();
  Segment(const Segment& other);  // shares the records
  Segment& operator=(const Segment&) = delete;

  // The slot of the key, or the empty slot at which the search ended.
  [[nodiscard]] std::uint32_t locate(std::uint32_t hash, std::string_view key) const;
  void insert_new(std::uint32_t hash, Record* record);
  Record* remove_at(std::uint32_t slot);
  // Moves everything into `zeros`/`ones` by the given bit of the hash (equal targets: a plain
  // growth).
  void move_to(Segment& zeros, Segment& ones, std::uint32_t bit);
  void swap(Segment& other);
  [[nodiscard]] bool full() const { return size_ * 4 >= capacity_ * 3; }

  unsigned depth_;  // how many top bits of the hash its keys share
  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  // Side by side and not interleaved: a search runs over the hashes alone.
  std::unique_ptr<std::uint32_t[]> hashes_;  // 0: empty slot
  std::unique_ptr<Record*[]> records_;       // null: empty slot
};

template <class Visit>
void Table::for_each(Visit visit) const {
  constexpr std::uint32_t kAhead = 8;
  for (const auto& part : segments_) {
    for (std::uint32_t i = 0; i < part->capacity_; ++i) {
      if (i + kAhead < part->capacity_) __builtin_prefetch(part->records_[i + kAhead]);
      if (part->records_[i] != nullptr) visit(part->hashes_[i], *part->records_[i]);
    }
  }
}

}  // namespace sluice::store
