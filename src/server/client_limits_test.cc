// SPDX-License-Identifier: Apache-2.0
#include "server/client_limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace sluice::server {
namespace {

using Count = ClientTable::Count;
using Rate = ClientTable::Rate;
const TimePoint kNow = Clock::now();

TEST(ClientTable, CountsByAddress) {
  ClientTable table;
  auto first = table.take("10.0.0.1", Count::connections, 2, kNow);
  auto second = table.take("10.0.0.1", Count::connections, 2, kNow);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(table.take("10.0.0.1", Count::connections, 2, kNow));
  EXPECT_TRUE(table.take("10.0.0.2", Count::connections, 2, kNow));
  EXPECT_TRUE(table.take("10.0.0.1", Count::streams, 2, kNow));
  second.reset();
  EXPECT_TRUE(table.take("10.0.0.1", Count::connections, 2, kNow));
}

TEST(ClientTable, AnIPv6ClientIsItsNetwork) {
  ClientTable table;
  const auto held = table.take("2001:db8:0:1::1", Count::connections, 1, kNow);
  EXPECT_TRUE(held);
  EXPECT_FALSE(table.take("2001:db8:0:1:ffff::2", Count::connections, 1, kNow));
  EXPECT_TRUE(table.take("2001:db8:0:2::1", Count::connections, 1, kNow));
}

TEST(ClientTable, AnIPv4AddressIsOneHoweverItIsWritten) {
  ClientTable table;
  const auto held = table.take("::ffff:10.0.0.1", Count::connections, 1, kNow);
  EXPECT_TRUE(held);
  EXPECT_FALSE(table.take("10.0.0.1", Count::connections, 1, kNow));
}

TEST(ClientTable, NoAddressIsNotCounted) {
  ClientTable table;
  const auto held = table.take("", Count::connections, 1, kNow);
  EXPECT_TRUE(held);
  EXPECT_TRUE(table.take("", Count::connections, 1, kNow));
  EXPECT_EQ(table.admit("unknown", Rate::requests, 1, kNow), Duration::zero());
}

TEST(ClientTable, ASecondsWorthMayComeAtOnceAndThenTheRate) {
  ClientTable table;
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(table.admit("10.0.0.1", Rate::requests, 10, kNow), Duration::zero()) << i;
  const Duration wait = table.admit("10.0.0.1", Rate::requests, 10, kNow);
  EXPECT_GT(wait, Duration::zero());
  EXPECT_LE(wait, std::chrono::milliseconds(100));
  EXPECT_EQ(table.admit("10.0.0.1", Rate::handshakes, 10, kNow), Duration::zero());
  EXPECT_EQ(table.admit("10.0.0.1", Rate::requests, 10, kNow + wait), Duration::zero());
  EXPECT_GT(table.admit("10.0.0.1", Rate::requests, 10, kNow + wait), Duration::zero());
  int admitted = 0;
  for (int i = 0; i < 50; ++i)
    admitted +=
        table.admit("10.0.0.1", Rate::requests, 10, kNow + std::chrono::seconds(10)) == Duration{};
  EXPECT_EQ(admitted, 10);
}

// Adds more addresses than the table has entries. Addresses with open counts keep exact counts.
TEST(ClientTable, AFullTableForgetsOnlyWhoHasNothing) {
  ClientTable table;
  const auto held = table.take("192.0.2.1", Count::connections, 1, kNow);
  for (unsigned i = 0; i < 2 * ClientTable::kRecords; ++i) {
    const std::string ip = "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) +
                           "." + std::to_string(i & 255);
    EXPECT_TRUE(table.take(ip, Count::connections, 1, kNow)) << ip;
  }
  EXPECT_FALSE(table.take("192.0.2.1", Count::connections, 1, kNow));
}

TEST(ClientTable, WhoFindsNoEntryIsLetIn) {
  ClientTable table;
  std::vector<ClientTable::Held> all;
  for (unsigned i = 0; i < 2 * ClientTable::kRecords; ++i) {
    const std::string ip = "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) +
                           "." + std::to_string(i & 255);
    auto held = table.take(ip, Count::connections, 1, kNow);
    ASSERT_TRUE(held) << ip;
    all.push_back(*std::move(held));
  }
}

// The first connections of an address come to several cores at once, and each core looks for a
// record. A core does not count if the system suspends the other one within its claim, which is not
// known to happen to more than one address in a million.
TEST(ClientTable, AnAddressThatIsNewToAllCoresIsCountedOnce) {
  constexpr int kCores = 2;
  constexpr int kAddresses = 10'000;
  ClientTable table;
  std::vector<std::atomic<int>> admitted(kAddresses);
  std::vector<std::atomic<int>> arrived(kAddresses);
  std::vector<std::thread> threads;
  for (int core = 0; core < kCores; ++core) {
    threads.emplace_back([&] {
      for (int i = 0; i < kAddresses; ++i) {
        const std::string ip =
            "10.0." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255);
        ++arrived[i];
        while (arrived[i] < kCores) continue;
        const auto held = table.take(ip, Count::connections, 1, kNow);
        admitted[i] += held ? 1 : 0;
        ++arrived[i];
        while (arrived[i] < 2 * kCores) continue;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_GE(std::ranges::count_if(admitted, [](const auto& n) { return n == 1; }), kAddresses - 3);
}

TEST(ClientTable, CoresThatTakeAndGiveAtOnceLeaveNothing) {
  constexpr std::uint32_t kMax = 3;
  ClientTable table;
  std::atomic<int> held{0};
  std::atomic<bool> exceeded{false};
  {
    std::vector<std::thread> threads;
    for (int core = 0; core < 4; ++core) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20'000; ++i) {
          const auto mine = table.take("10.0.0.1", Count::connections, kMax, kNow);
          if (!mine) continue;
          if (held.fetch_add(1) >= static_cast<int>(kMax)) exceeded = true;
          held.fetch_sub(1);
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  EXPECT_FALSE(exceeded);
  std::vector<ClientTable::Held> all;
  for (std::uint32_t i = 0; i < kMax; ++i) {
    auto mine = table.take("10.0.0.1", Count::connections, kMax, kNow);
    ASSERT_TRUE(mine);
    all.push_back(*std::move(mine));
  }
  EXPECT_FALSE(table.take("10.0.0.1", Count::connections, kMax, kNow));
}

}  // namespace
}  // namespace sluice::server
