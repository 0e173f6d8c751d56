// SPDX-License-Identifier: Apache-2.0
#include "config/source_text.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

using Lines = std::vector<std::string>;

TEST(Excerpt, ShowsTheLineAndACaret) {
  const std::string text = "a: 1\nbcd: 2\r\ne: 3\n";
  EXPECT_EQ(excerpt(text, error_at(text, 7, "x")), (Lines{"bcd: 2", "  ^"}));
  EXPECT_EQ(excerpt(text, error_at(text, 0, "x")), (Lines{"a: 1", "^"}));
  EXPECT_EQ(excerpt(text, error_at(text, text.size(), "x")), (Lines{"", "^"}));
}

TEST(Excerpt, AlignsTheCaretBelowTabsAndWideText) {
  const std::string text = "\tgrüße: *";
  EXPECT_EQ(excerpt(text, error_at(text, text.size() - 1, "x")), (Lines{text, "\t       ^"}));
}

TEST(Excerpt, CutsALongLineBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "ü";
  const Lines lines = excerpt(text, error_at(text, 1001, "x"));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_LT(lines[0].size(), 130U);
  EXPECT_TRUE(lines[0].starts_with("ü") && lines[0].ends_with("ü"));
}

TEST(Excerpt, ByteOrderMarkTakesNoColumn) {
  EXPECT_EQ(excerpt("\xef\xbb\xbf"
                    "a: b",
                    error_at("a: b", 3, "x")),
            (Lines{"a: b", "   ^"}));
}

TEST(Excerpt, OtherErrorsHaveNone) {
  for (const char* message : {"", "line", "line 2", "line 0, column 1: x", "line 1, column 0: x",
                              "line x, column 1: x", "line 1, column", "no object"})
    EXPECT_TRUE(excerpt("a: b", Error{ErrorKind::invalid, message, {}}).empty()) << message;
}

}  // namespace
}  // namespace sluice::config
