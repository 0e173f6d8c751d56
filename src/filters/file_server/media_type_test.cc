// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/media_type.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

TEST(MediaType, FollowsTheEnding) {
  EXPECT_EQ(media_type_of("a/index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(media_type_of("A.MIN.JS"), "text/javascript; charset=utf-8");
  EXPECT_EQ(media_type_of(".png"), "image/png");
  EXPECT_EQ(media_type_of("7z.7z"), "application/x-7z-compressed");
  EXPECT_EQ(media_type_of("a.zst"), "application/zstd");
  for (const auto name : {"", "README", "a.b/README", "a.", "a.unknown", "a.aaaaaaaaaaaaaaaaaaaaa"})
    EXPECT_EQ(media_type_of(name), "application/octet-stream") << name;
}

}  // namespace
}  // namespace sluice::filters
