// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/ranges.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

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
