// SPDX-License-Identifier: Apache-2.0
// Covers: deflater.cc
#include "http/inflater.h"

#include <gtest/gtest.h>

#include "http/deflater.h"

namespace sluice::http {
namespace {

std::string packed(std::string_view bytes) {
  Deflater deflater;
  std::string out;
  deflater.feed(bytes, Deflater::Flush::finish, out);
  return out;
}

Result<std::string> unpacked(std::string_view bytes, std::size_t piece, std::size_t bytes_max) {
  Inflater inflater(bytes_max);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    SLUICE_CHECK(inflater.feed(bytes.substr(at, piece), out));
  SLUICE_CHECK(inflater.finish());
  return out;
}

TEST(InflaterTest, ReturnsWhatWasDeflated) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * i);
  for (const std::string& bytes :
       {std::string(), std::string("a"), text, std::string(50'000, 'x')}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}})
      EXPECT_EQ(unpacked(packed(bytes), piece, bytes.size()), bytes);
  }
}

TEST(InflaterTest, ReadsSeveralMembers) {
  const std::string both = packed("one ") + packed("two");
  for (const std::size_t piece : {std::size_t{1}, both.size()})
    EXPECT_EQ(unpacked(both, piece, 100), "one two");
}

TEST(InflaterTest, OutputIsBounded) {
  const std::string bomb = packed(std::string(1'000'000, '\0'));
  EXPECT_LT(bomb.size(), 2'000U);
  EXPECT_EQ(unpacked(bomb, bomb.size(), 999'999).error().kind, ErrorKind::too_large);
  EXPECT_TRUE(unpacked(bomb, bomb.size(), 1'000'000));
  EXPECT_EQ(unpacked(packed("a"), 1, 0).error().kind, ErrorKind::too_large);
}

TEST(InflaterTest, RefusesWhatIsNoGzip) {
  EXPECT_EQ(unpacked("garbage, no gzip", 100, 100).error().kind, ErrorKind::invalid);
  const std::string whole = packed("some text");
  EXPECT_EQ(unpacked(whole.substr(0, whole.size() - 1), 100, 100).error().kind, ErrorKind::invalid);
  EXPECT_EQ(unpacked(whole + "rest", 100, 100).error().kind, ErrorKind::invalid);
  EXPECT_EQ(unpacked("", 100, 100).error().kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace sluice::http
