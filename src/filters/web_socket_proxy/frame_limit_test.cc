// SPDX-License-Identifier: Apache-2.0
#include "filters/web_socket_proxy/frame_limit.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::filters {
namespace {

constexpr int kText = 1;
constexpr int kMore = 0;
constexpr int kPing = 9;

std::string frame(int opcode, std::size_t size, bool last = true, bool masked = false) {
  std::string out(1, static_cast<char>(opcode | (last ? 0x80 : 0)));
  const int mask = masked ? 0x80 : 0;
  if (size < 126) {
    out += static_cast<char>(mask | static_cast<int>(size));
  } else if (size < 65536) {
    out += static_cast<char>(mask | 126);
    for (int shift = 8; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  } else {
    out += static_cast<char>(mask | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  }
  return out + (masked ? "mask" : "") + std::string(size, '\x81');
}

// Both at once and byte by byte: the cuts must not matter.
bool passes(std::uint64_t max, const std::string& stream) {
  FrameLimit whole(max);
  FrameLimit pieces(max);
  const bool passed = whole.take(stream);
  bool passed_in_pieces = true;
  for (const char c : stream) passed_in_pieces = pieces.take({&c, 1});
  EXPECT_EQ(passed, passed_in_pieces);
  return passed;
}

TEST(FrameLimit, BoundsAMessage) {
  for (const bool masked : {false, true}) {
    for (const std::size_t size : {0U, 125U, 126U, 65535U, 65536U, 70000U}) {
      EXPECT_TRUE(passes(size, frame(kText, size, true, masked)));
      EXPECT_FALSE(passes(size, frame(kText, size + 1, true, masked)));
    }
  }
}

TEST(FrameLimit, CountsTheFramesOfAMessageTogether) {
  const std::string three = frame(kText, 4, false) + frame(kMore, 4, false) + frame(kMore, 4);
  EXPECT_TRUE(passes(12, three));
  EXPECT_FALSE(passes(11, three));
  EXPECT_TRUE(passes(12, three + three + frame(kText, 12)));
}

TEST(FrameLimit, ControlFramesAreNoPartOfAMessage) {
  const std::string split = frame(kText, 6, false) + frame(kPing, 125) + frame(kMore, 6);
  EXPECT_TRUE(passes(12, split));
  EXPECT_FALSE(passes(11, split));
  EXPECT_TRUE(passes(1, frame(kPing, 125)));
  EXPECT_FALSE(passes(1, frame(kPing, 126)));
}

TEST(FrameLimit, SaysSoAtTheHeadAndEverAfter) {
  FrameLimit limit(10);
  EXPECT_TRUE(limit.take(frame(kText, 10)));
  EXPECT_FALSE(limit.take(std::string("\x81\x0b", 2)));
  EXPECT_FALSE(limit.take(frame(kText, 1)));
  FrameLimit huge(~std::uint64_t{0});
  EXPECT_TRUE(huge.take(std::string("\x01\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10)));
}

}  // namespace
}  // namespace sluice::filters
