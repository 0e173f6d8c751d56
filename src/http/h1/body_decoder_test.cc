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
  auto decoded = decoder.decode("5\r\nab");
  EXPECT_EQ(decoded.bytes, "ab");
  EXPECT_EQ(decoded.consumed, 5u);
  decoded = decoder.decode("cde\r\n0\r\n\r\n");
  EXPECT_EQ(decoded.bytes, "cde");
  EXPECT_FALSE(decoder.done());
  decoded = decoder.decode("\r\n0\r\n\r\nnext");
  EXPECT_EQ(decoded.consumed, 7u);
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

// One decoder serves all messages of a connection.
TEST(BodyDecoder, EachBodyHasTheWholeOfTheLimits) {
  const std::string trailers =
      "0\r\na: " + std::string(25, '1') + "\r\nb: " + std::string(24, '2') + "\r\n\r\n";
  BodyDecoder decoder(kLimits);
  for (int round = 0; round < 5; ++round) {
    decoder.start_chunked();
    EXPECT_EQ(decoder.decode("1;" + std::string(63, 'x') + "\r\n").consumed, 67U);
    EXPECT_EQ(decoder.decode("a\r\n").bytes, "a");
    (void)decoder.decode("\r\n" + trailers);
    EXPECT_TRUE(decoder.done()) << round << ": " << decoder.fault().reason;
    const auto trailers_of_it = decoder.take_trailers();
    ASSERT_NE(trailers_of_it, nullptr) << round;
    EXPECT_EQ(trailers_of_it->size(), 2U);
  }
}

TEST(BodyDecoder, NothingOfABrokenBodyIsInTheNext) {
  BodyDecoder decoder(kLimits);
  decoder.start_chunked();
  (void)decoder.decode("0\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n");
  ASSERT_EQ(decoder.fault().status, 431);
  decoder.start_length(1);
  EXPECT_FALSE(decoder.fault());
  EXPECT_EQ(decoder.decode("a").bytes, "a");
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(decoder.take_trailers(), nullptr);
  decoder.start_chunked();
  EXPECT_EQ(decoder.decode("00000").consumed, 0U) << "a line that is not whole yet";
  decoder.start_chunked();
  (void)decoder.decode("0\r\n\r\n");
  EXPECT_TRUE(decoder.done());
}

}  // namespace
}  // namespace sluice::http::h1
