// SPDX-License-Identifier: Apache-2.0
#include "router/text_table.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::router {
namespace {

// FNV-1a, which gives the hash of each beginning on the way.
constexpr std::uint64_t kEmptyHash = 0xcbf29ce484222325;

std::uint64_t append(std::uint64_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(to_lower(c))) * 0x100000001b3;
}

std::size_t slot_of(std::uint64_t hash, std::size_t mask) {
  return static_cast<std::size_t>(hash ^ (hash >> 32)) & mask;
}

void append_once(std::vector<Ordinal>& list, Ordinal number) {
  if (list.empty() || list.back() != number) list.push_back(number);
}

}  // namespace

std::uint64_t TextTable::hash_of(std::string_view text) const {
  std::uint64_t hash = kEmptyHash;
  for (std::size_t i = 0; i < text.size(); ++i) hash = append(hash, at(text, i));
  return hash;
}

void TextTable::add(std::string_view text, Fit fit, Ordinal number) {
  TableEntry& found = entry(hash_of(text));
  if (fit == Fit::whole) {
    append_once(found.whole, number);
    whole_bytes_max_ = std::max(whole_bytes_max_, text.size());
  } else {
    append_once(found.beginning, number);
    if (beginnings_.size() <= text.size()) beginnings_.resize(text.size() + 1);
    beginnings_[text.size()] = true;
  }
}

void TextTable::find(std::string_view text, Candidates& out) const {
  if (entries_.empty()) return;
  const bool whole = text.size() <= whole_bytes_max_;
  const std::size_t end = whole ? text.size() : std::min(text.size(), beginnings_.size());
  std::uint64_t hash = kEmptyHash;
  for (std::size_t i = 0;; ++i) {
    if (i < beginnings_.size() && beginnings_[i]) {
      if (const TableEntry* const found = look_up(hash)) out.add(found->beginning);
    }
    if (i == end) break;
    hash = append(hash, at(text, i));
  }
  if (!whole) return;
  if (const TableEntry* const found = look_up(hash)) out.add(found->whole);
}

void TextTable::find_whole(std::string_view text, Candidates& out) const {
  if (entries_.empty() || text.size() > whole_bytes_max_) return;
  if (const TableEntry* const found = look_up(hash_of(text))) out.add(found->whole);
}

const TextTable::TableEntry* TextTable::look_up(std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = slot_of(hash, mask); slots_[slot] != 0; slot = (slot + 1) & mask) {
    const TableEntry& entry = entries_[slots_[slot] - 1];
    if (entry.hash == hash) return &entry;
  }
  return nullptr;
}

TextTable::TableEntry& TextTable::entry(std::uint64_t hash) {
  if (slots_.size() < 2 * (entries_.size() + 1)) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = slot_of(hash, mask);
  while (slots_[slot] != 0) {
    TableEntry& entry = entries_[slots_[slot] - 1];
    if (entry.hash == hash) return entry;
    slot = (slot + 1) & mask;
  }
  entries_.push_back({hash, {}, {}});
  slots_[slot] = static_cast<std::uint32_t>(entries_.size());
  return entries_.back();
}

void TextTable::grow() {
  slots_.assign(std::max<std::size_t>(16, 2 * slots_.size()), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t slot = slot_of(entries_[i].hash, mask);
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

}  // namespace sluice::router
