// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Printable, LeavesText) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("a \\ \"b\" {} %s"), "a \\ \"b\" {} %s");
  EXPECT_EQ(printable("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(Printable, EscapesWhatWouldBeObeyed) {
  EXPECT_EQ(printable("a\nb\r\t\x1b[31m\x7f"), "a\\nb\\x0d\\x09\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");             // CSI as one character
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");    // right to left
  EXPECT_EQ(printable("\xe2\x80\xa8x"), "\\xe2\\x80\\xa8x");  // line separator
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, EscapesOctetsThatAreNoUtf8) {
  EXPECT_EQ(printable("\xe9t"), "\\xe9t");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
}

TEST(Printable, ManyLinesKeepTheirLayout) {
  EXPECT_EQ(printable("a\n\tb\x1b\r\n", Lines::many), "a\n\tb\\x1b\\x0d\n");
}

}  // namespace
}  // namespace sluice
