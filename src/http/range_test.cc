// SPDX-License-Identifier: Apache-2.0
#include "http/range.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

// "first-last", "416", or "whole".
std::string part(std::string_view value, std::uint64_t length = 10) {
  const auto range = parse_range(value, length);
  if (!range) return "whole";
  if (!range->satisfiable()) return "416";
  return std::to_string(range->first) + "-" + std::to_string(range->last);
}

TEST(Range, Forms) {
  EXPECT_EQ(part("bytes=0-4"), "0-4");
  EXPECT_EQ(part("Bytes=0-0"), "0-0") << "names of units have no case";
  EXPECT_EQ(part("bytes=5-"), "5-9");
  EXPECT_EQ(part("bytes=5-100"), "5-9");
  EXPECT_EQ(part("bytes=-3"), "7-9");
  EXPECT_EQ(part("bytes=-100"), "0-9");
  EXPECT_EQ(part("bytes=, 1-2 ,"), "1-2") << "a list may have empty elements";
  EXPECT_EQ(part("bytes=0-99999999999999999999999"), "0-9");
  EXPECT_EQ(part("bytes=-99999999999999999999999"), "0-9");
}

TEST(Range, WhatCannotBeSatisfied) {
  EXPECT_EQ(part("bytes=10-"), "416");
  EXPECT_EQ(part("bytes=99999999999999999999999-"), "416");
  EXPECT_EQ(part("bytes=-0"), "416");
  EXPECT_EQ(part("bytes=0-", 0), "416");
  EXPECT_EQ(part("bytes=-1", 0), "416");
}

TEST(Range, WhatCountsAsAbsent) {
  for (const char* value :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-3", "bytes=1", "bytes=0-1,3-4",
        "items=0-1", "bytes=+1-2", "bytes=0x1-2", "bytes=1--2"})
    EXPECT_EQ(part(value), "whole") << value;
}

TEST(Range, ContentRange) {
  EXPECT_EQ(content_range({0, 4}, 10), "bytes 0-4/10");
  EXPECT_EQ(content_range({1, 0}, 10), "bytes */10");
}

}  // namespace
}  // namespace sluice::http
