// SPDX-License-Identifier: Apache-2.0
#include "store/table.h"

#include <algorithm>

namespace sluice::store {
namespace {

// The directory uses at most the top 20 bits, the slots the low 12 and more.
constexpr unsigned kDepthMax = 20;

// 0 marks an empty slot, so a search for an absent key touches no records.
std::uint32_t not_empty(std::uint32_t hash) { return hash != 0 ? hash : 1; }

std::size_t top_bits(std::uint32_t hash, unsigned count) {
  return static_cast<std::size_t>(std::uint64_t{hash} >> (32 - count));
}

}  // namespace

Table::Segment::Segment(unsigned its_depth, std::uint32_t its_capacity)
    : depth(its_depth),
      capacity(its_capacity),
      hashes(std::make_unique<std::uint32_t[]>(its_capacity)),
      records(std::make_unique<Record*[]>(its_capacity)) {}

Table::Segment::~Segment() {
  for (std::uint32_t i = 0; i < capacity && size > 0; ++i) {
    if (records[i] == nullptr) continue;
    records[i]->release();
    --size;
  }
}

Table::Segment::Segment(const Segment& other) : Segment(other.depth, other.capacity) {
  constexpr std::uint32_t kAhead = 8;
  std::copy_n(other.hashes.get(), capacity, hashes.get());
  std::copy_n(other.records.get(), capacity, records.get());
  for (std::uint32_t i = 0; i < capacity; ++i) {
    if (i + kAhead < capacity) __builtin_prefetch(records[i + kAhead], 1);
    if (records[i] != nullptr) records[i]->retain();
  }
  size = other.size;
}

std::uint32_t Table::Segment::locate(std::uint32_t hash, std::string_view key) const {
  const std::uint32_t mask = capacity - 1;
  std::uint32_t slot = hash & mask;
  while (hashes[slot] != 0) {
    if (hashes[slot] == hash && records[slot]->key() == key) return slot;
    slot = (slot + 1) & mask;
  }
  return slot;
}

void Table::Segment::insert_new(std::uint32_t hash, Record* record) {
  const std::uint32_t mask = capacity - 1;
  std::uint32_t slot = hash & mask;
  while (records[slot] != nullptr) slot = (slot + 1) & mask;
  hashes[slot] = hash;
  records[slot] = record;
  ++size;
}

// Closes the gap by moving back the records that were displaced over it, so searches need no
// tombstones.
Record* Table::Segment::remove_at(std::uint32_t slot) {
  const std::uint32_t mask = capacity - 1;
  Record* removed = records[slot];
  std::uint32_t gap = slot;
  for (std::uint32_t i = (gap + 1) & mask; records[i] != nullptr; i = (i + 1) & mask) {
    const std::uint32_t home = hashes[i] & mask;
    if (((i - home) & mask) < ((i - gap) & mask)) continue;  // its home lies behind the gap
    records[gap] = records[i];
    hashes[gap] = hashes[i];
    gap = i;
  }
  records[gap] = nullptr;
  hashes[gap] = 0;
  --size;
  return removed;
}

void Table::Segment::move_to(Segment& zeros, Segment& ones, std::uint32_t bit) {
  for (std::uint32_t i = 0; i < capacity; ++i) {
    if (records[i] == nullptr) continue;
    ((hashes[i] & bit) != 0 ? ones : zeros).insert_new(hashes[i], records[i]);
  }
  size = 0;
}

void Table::Segment::swap(Segment& other) {
  std::swap(depth, other.depth);
  std::swap(capacity, other.capacity);
  std::swap(size, other.size);
  std::swap(hashes, other.hashes);
  std::swap(records, other.records);
}

Table::Table() {
  directory_.push_back(std::make_unique<Segment>(0, Segment::kFirstCapacity).release());
}

Table::~Table() {
  for (std::size_t at = 0; at < directory_.size();) {
    const std::size_t run = run_of(*directory_[at]);
    directory_[at]->release();
    at += run;
  }
}

Table::Table(Table&& other) noexcept : Table() { *this = std::move(other); }

Table& Table::operator=(Table&& other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(depth_, other.depth_);
  std::swap(size_, other.size_);
  return *this;
}

Table Table::copy() const {
  Table result;
  result.directory_.front()->release();
  result.directory_ = directory_;
  result.depth_ = depth_;
  result.size_ = size_;
  for (std::size_t at = 0; at < directory_.size(); at += run_of(*directory_[at])) {
    directory_[at]->retain();
  }
  return result;
}

void Table::replace(std::size_t first, std::size_t count, Segment* part) {
  std::fill_n(directory_.begin() + static_cast<std::ptrdiff_t>(first), count, part);
}

Table::Segment& Table::own_segment(std::uint32_t hash) {
  Segment& part = segment(hash);
  if (!part.shared()) [[likely]]
    return part;
  Segment* own = std::make_unique<Segment>(part).release();
  const std::size_t run = run_of(part);
  replace(top_bits(hash, part.depth) * run, run, own);
  part.release();
  return *own;
}

bool Table::own_some(std::uint32_t& place, unsigned most) {
  std::uint64_t hash = place;
  for (; hash < std::uint64_t{1} << 32 && most > 0;) {
    const auto at = static_cast<std::uint32_t>(hash);
    if (segment(at).shared()) --most;
    const unsigned depth = own_segment(at).depth;
    hash = (static_cast<std::uint64_t>(top_bits(at, depth)) + 1) << (32 - depth);
  }
  place = static_cast<std::uint32_t>(hash);
  return hash < std::uint64_t{1} << 32;
}

Table::Segment& Table::segment(std::uint32_t hash) const {
  return *directory_[top_bits(hash, depth_)];
}

Record* Table::find(std::uint32_t hash, std::string_view key) const {
  hash = not_empty(hash);
  const Segment& part = segment(hash);
  const std::uint32_t slot = part.locate(hash, key);
  return part.hashes[slot] != 0 ? part.records[slot] : nullptr;
}

RecordRef Table::put(std::uint32_t hash, RecordRef record) {
  hash = not_empty(hash);
  Segment& part = own_segment(hash);
  const std::uint32_t slot = part.locate(hash, record->key());
  if (part.records[slot] != nullptr) {
    return RecordRef::adopt(std::exchange(part.records[slot], record.give()));
  }
  if (part.full()) make_room(hash);
  segment(hash).insert_new(hash, record.give());
  ++size_;
  return {};
}

RecordRef Table::erase(std::uint32_t hash, std::string_view key) {
  hash = not_empty(hash);
  const Segment& part = segment(hash);
  const std::uint32_t slot = part.locate(hash, key);
  if (part.records[slot] == nullptr) return {};
  --size_;
  return RecordRef::adopt(own_segment(hash).remove_at(slot));  // a copy has the same slots
}

void Table::make_room(std::uint32_t hash) {
  while (segment(hash).full()) {
    Segment& full = segment(hash);
    if (full.capacity >= Segment::kLastCapacity && full.depth < kDepthMax) {
      split(full, hash);
    } else {
      Segment larger(full.depth, full.capacity * 2);
      full.move_to(larger, larger, 0);
      full.swap(larger);
    }
  }
}

void Table::split(Segment& full, std::uint32_t hash) {
  if (full.depth == depth_) {
    std::vector<Segment*> twice;
    twice.reserve(directory_.size() * 2);
    for (Segment* part : directory_) twice.insert(twice.end(), {part, part});
    directory_ = std::move(twice);
    ++depth_;
  }
  const unsigned depth = full.depth + 1;
  Segment zeros(depth, full.capacity);
  auto ones = std::make_unique<Segment>(depth, full.capacity);
  full.move_to(zeros, *ones, std::uint32_t{1} << (32 - depth));
  full.swap(zeros);
  // The directory entries of `full` are one run; its second half goes to `ones`.
  const std::size_t half = std::size_t{1} << (depth_ - depth);
  replace((top_bits(hash, depth - 1) * 2 + 1) * half, half, ones.release());
}

}  // namespace sluice::store
