// SPDX-License-Identifier: Apache-2.0
#include "server/read_buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::server {
namespace {

void put(ReadBuffer& buffer, std::string_view bytes) {
  const auto room = buffer.room(bytes.size());
  ASSERT_GE(room.size(), bytes.size());
  bytes.copy(room.data(), bytes.size());
  buffer.filled(bytes.size());
}

void put_first(ReadBuffer& buffer, std::string_view bytes) {
  bytes.copy(buffer.first_room().data(), bytes.size());
  buffer.filled(bytes.size());
}

TEST(ReadBuffer, GrowsWithoutLosingWhatIsUnread) {
  ReadBuffer buffer;
  put_first(buffer, "GET / HTTP");
  buffer.consume(4);
  std::string expected = "/ HTTP";
  for (int i = 0; i < 100; ++i) {
    const std::string more(1000, static_cast<char>('a' + i % 26));
    put(buffer, more);
    expected += more;
    ASSERT_EQ(buffer.unread(), expected);
    buffer.consume(300);
    expected.erase(0, 300);
  }
}

TEST(ReadBuffer, BeginsSmallAgainAndAgain) {
  ReadBuffer buffer;
  for (int i = 0; i < 3; ++i) {
    put_first(buffer, std::string(kFirstBytes, 'x'));
    put(buffer, "y");
    EXPECT_EQ(buffer.unread(), std::string(kFirstBytes, 'x') + "y");
    buffer.consume(kFirstBytes + 1);
    EXPECT_TRUE(buffer.unread().empty());
    if (i == 1) buffer.rest();
  }
}

TEST(ReadBuffer, ALargePartMayComeFirst) {
  ReadBuffer buffer;
  put(buffer, "a");
  buffer.consume(1);
  buffer.rest();
  put(buffer, "b");
  put(buffer, "c");
  EXPECT_EQ(buffer.unread(), "bc");
}

TEST(ReadBuffer, SaysWhatRoomWillTake) {
  ReadBuffer buffer;
  EXPECT_EQ(buffer.capacity_for(kReadBytes), kReadBytes);
  (void)buffer.first_room();
  buffer.filled(kFirstBytes);
  const std::size_t first = buffer.capacity_for(kReadBytes);
  EXPECT_EQ(first, kFirstBytes + kReadBytes);
  buffer.filled(buffer.room(kReadBytes).size());
  const std::size_t second = buffer.capacity_for(kReadBytes);
  EXPECT_EQ(buffer.room(kReadBytes).size(), second - first);
}

}  // namespace
}  // namespace sluice::server
