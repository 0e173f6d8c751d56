// SPDX-License-Identifier: Apache-2.0
#include "net/tls/ticket_keys.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

TEST(TicketKeys, OpenForAnHourMoreThanTheySeal) {
  TicketKeys keys;
  const TimePoint begin = Clock::now();
  const auto first = keys.current(begin);
  EXPECT_EQ(keys.current(begin + 59min).name, first.name);
  const auto second = keys.current(begin + 61min);
  EXPECT_NE(second.name, first.name);
  const auto old = keys.find(first.name, begin + 61min);
  ASSERT_TRUE(old);
  EXPECT_FALSE(old->newest);
  EXPECT_EQ(old->key.mac, first.mac);
  EXPECT_TRUE(keys.find(second.name, begin + 61min)->newest);
  EXPECT_FALSE(keys.find(first.name, begin + 121min));
  const std::array<unsigned char, 16> unknown{};
  EXPECT_FALSE(keys.find(unknown, begin + 61min));
}

TEST(TicketKeys, AnotherProcessGoesOnWithThem) {
  TicketKeys keys;
  const TimePoint begin = Clock::now();
  const auto first = keys.current(begin);
  const TimePoint later = begin + 90min;
  const auto second = keys.current(later);

  TicketKeys heir;
  ASSERT_TRUE(heir.restore(keys.save(), later));
  EXPECT_EQ(heir.current(later).cipher, second.cipher);
  EXPECT_EQ(heir.find(first.name, later)->key.mac, first.mac);
  EXPECT_NE(heir.current(later + 61min).name, second.name) << "they are as old as they were";
  EXPECT_FALSE(heir.find(first.name, begin + 121min));
}

// A restored key expires when it does in the first process, not at the heir's next change of keys.
TEST(TicketKeys, AnHeirOpensForNoLonger) {
  TicketKeys keys;
  const TimePoint begin = Clock::now();
  const auto first = keys.current(begin);
  (void)keys.current(begin + 90min);
  TicketKeys heir;
  ASSERT_TRUE(heir.restore(keys.save(), begin + 90min));
  EXPECT_TRUE(heir.find(first.name, begin + 119min));
  EXPECT_FALSE(heir.find(first.name, begin + 121min));
  EXPECT_FALSE(TicketKeys().restore(keys.save(), begin + 90min + 2h + 1min)) << "too old";
}

TEST(TicketKeys, TakeNothingThatIsNoneOfTheirs) {
  TicketKeys keys;
  const TimePoint now = Clock::now();
  const auto own = keys.current(now);
  EXPECT_FALSE(keys.restore("", now));
  EXPECT_FALSE(keys.restore(keys.save() + "x", now));
  EXPECT_FALSE(keys.restore(TicketKeys().save(), now + 3h)) << "too old";
  EXPECT_FALSE(keys.restore(TicketKeys().save(), now - 1h)) << "of a machine that runs longer";
  EXPECT_EQ(keys.current(now).name, own.name);
}

}  // namespace
}  // namespace sluice::net
