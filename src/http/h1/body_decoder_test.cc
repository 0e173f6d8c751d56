// SPDX-License-Identifier: Apache-2.0
#include "http/h1/body_decoder.h"

#include <gtest/gtest.h>

namespace sluice::http::h1 {
namespace {

constexpr BodyLimits kLimits{.overhead_bytes_max = 64, .fields_max = 2};

TEST(BodyDecoder, LengthOfNothingIsDone) {
  BodyDecoder decoder(kLimits);
  decoder.start_length(0);
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(decoder.decode("next").consumed, 0u);
}

TEST(BodyDecoder, ChunkIsHandedOutAsItComes) {
  BodyDecoder decoder(kLimits);
  decoder.start_chunked();
  auto step = decoder.decode("5\r\nab");
  EXPECT_EQ(step.bytes, "ab");
  EXPECT_EQ(step.consumed, 5u);
  step = decoder.decode("cde\r\n0\r\n\r\n");
  EXPECT_EQ(step.bytes, "cde");
  EXPECT_FALSE(decoder.done());
  step = decoder.decode("\r\n0\r\n\r\nnext");
  EXPECT_EQ(step.consumed, 7u);
  EXPECT_TRUE(decoder.done());
}

TEST(BodyDecoder, UsableAgainAfterAFault) {
  BodyDecoder decoder(kLimits);
  decoder.start_chunked();
  EXPECT_EQ(decoder.decode("zz\r\n").consumed, 0u);
  EXPECT_EQ(decoder.fault().status, 400);
  decoder.start_length(2);
  EXPECT_EQ(decoder.decode("ab").bytes, "ab");
}

TEST(BodyDecoder, KeepsWhatMayBeATrailer) {
  BodyDecoder decoder(kLimits);
  decoder.start_chunked();
  EXPECT_EQ(decoder.decode("0\r\nHost: b\r\nX-Sum: 1\r\n\r\n").bytes, "");
  ASSERT_TRUE(decoder.done());
  const auto trailers = decoder.take_trailers();
  ASSERT_NE(trailers, nullptr);
  ASSERT_EQ(trailers->size(), 1U);
  EXPECT_EQ(trailers->get("x-sum"), "1");
  decoder.start_chunked();
  (void)decoder.decode("0\r\nX-Sum: 1\r\n\r\n");
  decoder.start_length(0);
  EXPECT_EQ(decoder.take_trailers(), nullptr);
}

TEST(BodyDecoder, TrailersAreBounded) {
  BodyDecoder decoder(kLimits);
  decoder.start_chunked();
  EXPECT_EQ(decoder.decode("0\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n").bytes, "");
  EXPECT_EQ(decoder.fault().status, 431);
}

}  // namespace
}  // namespace sluice::http::h1
