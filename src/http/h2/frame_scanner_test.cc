// SPDX-License-Identifier: Apache-2.0
#include "http/h2/frame_scanner.h"

#include <gtest/gtest.h>

#include <string>

#include "http/h2/testing/test_peer.h"

namespace sluice::http::h2 {
namespace {

// Returns the heads found in `bytes`, fed in pieces of `step`, and the bytes passed on.
std::string scan(std::string_view bytes, std::size_t step) {
  FrameScanner scanner;
  std::string heads;
  std::string passed_on;
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    while (!piece.empty()) {
      const auto found = scanner.next(piece);
      if (found.head) {
        heads += std::to_string(static_cast<int>(found.head->type)) + '/' +
                 std::to_string(found.head->flags) + '/' + std::to_string(found.head->stream) +
                 '/' + std::to_string(found.head->length) + ' ';
      }
      passed_on += found.bytes;
    }
  }
  return heads + (scanner.within_frame() ? "open " : "") + passed_on;
}

TEST(FrameScannerTest, FindsFramesHoweverCut) {
  const std::string bytes = frame(FrameType::settings, 1, 0, "") +
                            frame(FrameType::data, 0, 0x7fffffff, std::string(300, 'x')) +
                            frame(static_cast<FrameType>(0xbe), 0xff, 3, "abc");
  const std::string whole = scan(bytes, bytes.size());
  EXPECT_EQ(whole, "4/1/0/0 0/0/2147483647/300 190/255/3/3 " + bytes);
  for (std::size_t step = 1; step < 20; ++step) EXPECT_EQ(scan(bytes, step), whole);
}

TEST(FrameScannerTest, ReservedBitIsNoPartOfTheStream) {
  EXPECT_TRUE(scan(frame(FrameType::ping, 0, static_cast<StreamId>(0x80000001), "12345678"), 99)
                  .starts_with("6/0/1/8 "));
}

TEST(FrameScannerTest, AHeadIsHeldBackUntilItIsComplete) {
  FrameScanner scanner;
  const std::string bytes = frame(FrameType::ping, 0, 0, "12345678");
  std::string_view first = std::string_view(bytes).substr(0, 8);
  EXPECT_TRUE(scanner.next(first).bytes.empty());
  EXPECT_TRUE(scanner.within_frame());
  std::string_view rest = std::string_view(bytes).substr(8);
  const auto piece = scanner.next(rest);
  ASSERT_TRUE(piece.head);
  EXPECT_EQ(piece.bytes, std::string_view(bytes).substr(0, 9));
  EXPECT_EQ(scanner.next(rest).bytes, "12345678");
  EXPECT_FALSE(scanner.within_frame());
}

}  // namespace
}  // namespace sluice::http::h2
