// SPDX-License-Identifier: Apache-2.0
// TextTable: numbers by text. One walk over a text finds the numbers of all texts that it begins
// with and of those that it equals, however many texts there are. Immutable once filled; any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "router/candidates.h"

namespace sluice::router {

// Texts compare without case and by their hash only, so a search may find a number too many. The
// caller compares.
class TextTable {
 public:
  enum class Fit { whole, beginning };
  enum class From { front, back };  // where the walk begins: from the back, a beginning is an end
  TextTable() = default;
  explicit TextTable(From from) : from_(from) {}

  // Requires: `number` is not less than that of the call before.
  void add(std::string_view text, Fit fit, Ordinal number);
  void find(std::string_view text, Candidates& out) const;
  // Like find(), for texts that equal `text`.
  void find_whole(std::string_view text, Candidates& out) const;

 private:
  struct TableEntry {
    std::uint64_t hash;
    std::vector<Ordinal> whole;
    std::vector<Ordinal> beginning;
  };
  [[nodiscard]] char at(std::string_view text, std::size_t place) const {
    return text[from_ == From::front ? place : text.size() - 1 - place];
  }
  [[nodiscard]] std::uint64_t hash_of(std::string_view text) const;
  [[nodiscard]] const TableEntry* look_up(std::uint64_t hash) const;
  TableEntry& entry(std::uint64_t hash);
  void grow();

  From from_ = From::front;
  std::vector<TableEntry> entries_;
  std::vector<std::uint32_t> slots_;  // an entry's place + 1; 0: free; linear probing
  std::vector<bool> beginnings_;      // by length: a beginning has it
  std::size_t whole_bytes_max_ = 0;   // of a text that fits as a whole
};

}  // namespace sluice::router
