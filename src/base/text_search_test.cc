// SPDX-License-Identifier: Apache-2.0
#include "base/text_search.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

TEST(TextSearchTest, FindsWhatTheStandardFinds) {
  const std::string_view text = "abcabcabd";
  for (const std::string_view part : {"", "a", "abd", "abcabd", "bca", "x", "abcabcabde"}) {
    for (std::size_t from = 0; from <= text.size() + 1; ++from)
      EXPECT_EQ(find_text(text, part, from), text.find(part, from)) << part << " from " << from;
  }
  EXPECT_EQ(find_text("", "a"), std::string_view::npos);
  EXPECT_EQ(find_text("", ""), 0U);
  EXPECT_EQ(find_text(std::string_view("a\0b", 3), std::string_view("\0b", 2)), 1U);
}

// A search that compares the part at each place does not end before the time limit of the tests.
TEST(TextSearchTest, ALongPartThatBeginsEverywhereCostsNoMore) {
  constexpr std::size_t kSize = std::size_t{1} << 24;
  const std::string text(kSize, 'a');
  const std::string part = std::string(kSize / 2, 'a') + "b" + std::string(kSize / 4, 'a');
  EXPECT_EQ(find_text(text, part), std::string_view::npos);
  EXPECT_EQ(find_text(text, part.substr(0, kSize / 2 + 1)), std::string_view::npos);
}

}  // namespace
}  // namespace sluice
