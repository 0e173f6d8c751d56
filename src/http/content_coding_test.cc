// SPDX-License-Identifier: Apache-2.0
#include "http/content_coding.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

bool accepts(std::initializer_list<const char*> values) {
  Headers headers;
  for (const char* value : values) headers.add("Accept-Encoding", value);
  return accepts_gzip(headers);
}

TEST(ContentCoding, TakesGzip) {
  EXPECT_TRUE(accepts({"gzip"}));
  EXPECT_TRUE(accepts({"deflate, GZIP;q=0.5, br"}));
  EXPECT_TRUE(accepts({"br", "x-gzip"}));
  EXPECT_TRUE(accepts({"*"}));
  EXPECT_TRUE(accepts({"*;q=0.1, br"}));
  EXPECT_TRUE(accepts({"gzip ; q=0.001"}));
  EXPECT_TRUE(accepts({"identity;q=0.5, gzip;q=1.0"}));
  EXPECT_TRUE(accepts({"identity;q=0.5, gzip;q=0.5"})) << "both alike";
  EXPECT_TRUE(accepts({"gzip;q=1, *;q=0"}));
}

TEST(ContentCoding, TakesNoGzip) {
  EXPECT_FALSE(accepts({}));
  EXPECT_FALSE(accepts({""}));
  EXPECT_FALSE(accepts({"br, deflate"}));
  EXPECT_FALSE(accepts({"gzip;q=0"}));
  EXPECT_FALSE(accepts({"gzip;q=0.000, *"}));
  EXPECT_FALSE(accepts({"*;q=0"}));
  EXPECT_FALSE(accepts({"gzipped"}));
  EXPECT_FALSE(accepts({"identity, gzip;q=0.5"})) << "it would rather not";
  EXPECT_FALSE(accepts({"gzip;q=2"}));
  EXPECT_FALSE(accepts({"gzip;q=0.1234"}));
  EXPECT_FALSE(accepts({"gzip;q="}));
  EXPECT_FALSE(accepts({"gzip;level=1"}));
}

TEST(ContentCoding, WeighsEachCoding) {
  Headers headers;
  EXPECT_EQ(coding_weight(headers, "br"), 0);
  headers.add("Accept-Encoding", "gzip;q=0.5, BR");
  headers.add("Accept-Encoding", "zstd;q=0, *;q=0.1");
  EXPECT_EQ(coding_weight(headers, "br"), 1000);
  EXPECT_EQ(coding_weight(headers, "gzip"), 500);
  EXPECT_EQ(coding_weight(headers, "zstd"), 0);
  EXPECT_EQ(coding_weight(headers, "deflate"), 100);
}

}  // namespace
}  // namespace sluice::http
