// SPDX-License-Identifier: Apache-2.0
#include "base/text_fill.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kSizeMax = 70;

TEST(TextFill, AssignsWhateverTheRoom) {
  for (std::size_t before = 0; before < kSizeMax; ++before) {
    for (std::size_t after = 0; after < kSizeMax; ++after) {
      std::string text(before, 'a');
      assign_text(text, std::string(after, 'b'));
      ASSERT_EQ(text, std::string(after, 'b'));
    }
  }
}

TEST(TextFill, AssignsAPartOfTheTextItself) {
  std::string text = "0123456789";
  assign_text(text, std::string_view(text).substr(2, 5));
  EXPECT_EQ(text, "23456");
  assign_text(text, std::string_view(text).substr(0, 0));
  EXPECT_EQ(text, "");
  assign_text(text, {});
  EXPECT_EQ(text, "");
}

TEST(TextFill, AppendsWhateverTheRoom) {
  for (std::size_t before = 0; before < kSizeMax; ++before) {
    for (std::size_t added = 0; added < kSizeMax; ++added) {
      std::string text(before, 'a');
      const std::string more(added, 'b');
      append_texts(text, std::string_view(more), ", "sv, ""sv);
      ASSERT_EQ(text, std::string(before, 'a') + more + ", ");
    }
  }
}

}  // namespace
}  // namespace sluice
