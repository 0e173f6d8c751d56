// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/ranges.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

// "first-last", "416", or "whole".
std::string part(std::string_view value, std::uint64_t length = 10) {
  const auto range = parse_range(value, length);
  if (!range) return "whole";
  if (!range->satisfiable()) return "416";
  return std::to_string(range->first) + "-" + std::to_string(range->last);
}

TEST(Ranges, Forms) {
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

TEST(Ranges, WhatCannotBeSatisfied) {
  EXPECT_EQ(part("bytes=10-"), "416");
  EXPECT_EQ(part("bytes=99999999999999999999999-"), "416");
  EXPECT_EQ(part("bytes=-0"), "416");
  EXPECT_EQ(part("bytes=0-", 0), "416");
  EXPECT_EQ(part("bytes=-1", 0), "416");
}

TEST(Ranges, WhatCountsAsAbsent) {
  for (const char* value :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-3", "bytes=1", "bytes=0-1,3-4",
        "items=0-1", "bytes=+1-2", "bytes=0x1-2", "bytes=1--2"})
    EXPECT_EQ(part(value), "whole") << value;
}

TEST(Ranges, ContentRange) {
  EXPECT_EQ(content_range({0, 4}, 10), "bytes 0-4/10");
  EXPECT_EQ(content_range({1, 0}, 10), "bytes */10");
}

TEST(Ranges, IfRange) {
  StoredResponse stored;
  stored.status = 200;
  stored.body = std::make_shared<const std::string>("0123456789");
  stored.headers.add("ETag", "\"a\"");
  stored.headers.add("Last-Modified", "Sun, 06 Nov 1994 08:00:00 GMT");
  stored.headers.add("Date", "Sun, 06 Nov 1994 08:00:01 GMT");
  http::Request request;
  request.method = "GET";
  request.headers.add("Range", "bytes=0-1");
  const auto holds = [&](std::string_view condition) {
    request.headers.set("If-Range", condition);
    return range_of(request, stored, 784111777).has_value();
  };
  EXPECT_TRUE(range_of(request, stored, 784111777));
  EXPECT_TRUE(holds("\"a\""));
  EXPECT_FALSE(holds("\"b\""));
  EXPECT_FALSE(holds("W/\"a\"")) << "weak tags never do";
  EXPECT_TRUE(holds("Sun, 06 Nov 1994 08:00:00 GMT"));
  EXPECT_FALSE(holds("Sun, 06 Nov 1994 08:00:01 GMT")) << "not even a later one";
  stored.headers.set("Date", "Sun, 06 Nov 1994 08:00:00 GMT");
  EXPECT_FALSE(holds("Sun, 06 Nov 1994 08:00:00 GMT")) << "it may have changed within the second";
  stored.headers.set("ETag", "W/\"a\"");
  EXPECT_FALSE(holds("W/\"a\""));
  request.headers.remove("If-Range");
  request.method = "HEAD";
  EXPECT_FALSE(range_of(request, stored, 784111777));
}

}  // namespace
}  // namespace sluice::filters
