// SPDX-License-Identifier: Apache-2.0
#include "etcd/grpc_frames.h"

#include <gtest/gtest.h>

namespace sluice::etcd {
namespace {

pb::PutRequest put(const std::string& key) {
  pb::PutRequest request;
  request.set_key(key);
  return request;
}

// The keys of the messages, and the fault: "a b |0".
std::string read(std::string_view bytes, std::size_t step, std::size_t max = 1000) {
  GrpcFrames frames(max);
  std::string text;
  while (!bytes.empty()) {
    frames.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (frames.has_message()) {
      pb::PutRequest request;
      text += decode(frames.take(), request) ? request.key() + ' ' : "? ";
    }
  }
  return text + '|' + std::to_string(static_cast<int>(frames.fault()));
}

TEST(GrpcFrames, CutsMessagesWhereverTheBytesAreCut) {
  const std::string bytes = frame_of(put("a")) + frame_of(pb::PutRequest()) + frame_of(put("bc"));
  for (std::size_t step = 1; step <= bytes.size(); ++step)
    EXPECT_EQ(read(bytes, step), "a  bc |0") << step;
}

TEST(GrpcFrames, ThePrefixIsBigEndian) {
  const std::string bytes = frame_of(put(std::string(300, 'x')));
  EXPECT_EQ(bytes.substr(0, 5), std::string("\0\0\0\1\x2f", 5));
}

TEST(GrpcFrames, TheLimitCounts) {
  const std::string bytes = frame_of(put(std::string(95, 'x')));
  ASSERT_EQ(bytes.size(), 5U + 97);
  EXPECT_TRUE(read(bytes, 7, 97).ends_with(" |0"));
  EXPECT_EQ(read(bytes, 7, 96), "|2");
}

TEST(GrpcFrames, ALengthAloneTakesNoMemory) {
  GrpcFrames frames(std::size_t{1} << 32);
  frames.feed(std::string("\0\xff\xff\xff\xff", 5));
  EXPECT_FALSE(frames.has_message());
  EXPECT_FALSE(frames.at_boundary());
}

TEST(GrpcFrames, CompressedMessagesAreRefused) {
  std::string bytes = frame_of(put("a"));
  bytes += '\1' + frame_of(put("b")).substr(1) + frame_of(put("c"));
  EXPECT_EQ(read(bytes, 3), "a |1");
}

}  // namespace
}  // namespace sluice::etcd
