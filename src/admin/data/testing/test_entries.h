// SPDX-License-Identifier: Apache-2.0
// For the tests of readers and writers: random entries, and a reader that gets its input in pieces.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace sluice::store {

inline bool operator==(const Entry& a, const Entry& b) {
  return a.key == b.key && a.value == b.value;
}
inline void PrintTo(const Entry& entry, std::ostream* out) {
  *out << entry.key << " = " << entry.value;
}

}  // namespace sluice::store

namespace sluice::admin {

using Entries = std::vector<store::Entry>;

// Text that may trip a format, including bytes that are not text.
inline std::string random_text(std::mt19937& random) {
  static const std::string kNul(1, '\0');
  static const std::vector<std::string> kParts{
      "a",    "0.40", "true", "~",      "null",       "yes",    ": ",          " #",   "\n",
      "\r",   "\t",   "\"",   "'",      "\\",         " ",      "- ",          "{",    "}",
      "[",    ",",    "&x",   "*x",     "!",          "|",      ">",           "%",    "@",
      "`",    "<<",   "---",  "...",    "? ",         "\u00e4", kNul,          "\x7f", "\xff",
      "\x80", "id/",  "\x1b", "\u2028", "\U0001f600", "\u0085", "\xed\xa0\x80"};
  std::string text;
  for (unsigned parts = random() % 5; parts > 0; --parts) text += kParts[random() % kParts.size()];
  if (random() % 50 == 0) text.append(600, 'k');
  return text;
}

inline Entries random_entries(std::mt19937& random) {
  Entries entries(random() % 20);
  for (auto& [key, value] : entries) {
    key = random_text(random);
    value = random_text(random);
  }
  return entries;
}

// The result of `Reader` for `text` in pieces of at most `piece` bytes.
template <class Reader>
Result<Entries> read_in_pieces(std::string_view text, std::size_t piece) {
  Entries entries;
  Reader reader([&](std::string_view key, std::string_view value) -> Result<void> {
    entries.push_back({std::string(key), std::string(value)});
    return {};
  });
  while (!text.empty()) {
    const std::string copy(text.substr(0, piece));
    SLUICE_CHECK(reader.feed(copy));
    text.remove_prefix(copy.size());
  }
  SLUICE_CHECK(reader.finish());
  return entries;
}

// Checks that the result does not depend on the pieces, and returns it.
template <class Reader>
Result<Entries> read_all(std::string_view text) {
  const auto whole = read_in_pieces<Reader>(text, text.size() + 1);
  const auto bytes = read_in_pieces<Reader>(text, 1);
  if (whole.has_value() != bytes.has_value()) return fail(ErrorKind::internal, "pieces matter");
  if (!whole) return whole;
  if (*whole != *bytes) return fail(ErrorKind::internal, "pieces matter");
  return whole;
}

// The reason for which `Reader` refuses `text`.
template <class Reader>
std::string refusal(std::string_view text) {
  const auto entries = read_all<Reader>(text);
  EXPECT_FALSE(entries) << text;
  return entries ? "" : entries.error().message;
}

}  // namespace sluice::admin
