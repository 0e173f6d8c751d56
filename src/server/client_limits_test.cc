// SPDX-License-Identifier: Apache-2.0
#include "server/client_limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
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

TEST(ClientTable, AnIPv4ClientOfATranslatorIsOneOfMany) {
  ClientTable table;
  const auto held = table.take("64:ff9b::10.0.0.1", Count::connections, 1, kNow);
  EXPECT_TRUE(held);
  EXPECT_FALSE(table.take("64:ff9b::a00:1", Count::connections, 1, kNow));
  EXPECT_TRUE(table.take("64:ff9b::10.0.0.2", Count::connections, 1, kNow));
  EXPECT_FALSE(table.take("10.0.0.1", Count::connections, 1, kNow));
  const auto network = table.take("64:ff9b::1:10.0.0.1", Count::connections, 1, kNow);
  EXPECT_TRUE(network) << "not the prefix";
  EXPECT_FALSE(table.take("64:ff9b::2:10.0.0.1", Count::connections, 1, kNow));
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

std::string numbered_address(unsigned i) {
  return "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
         std::to_string(i & 255);
}

// Returns addresses of one set: one more than it has records. A full set refuses nobody, which
// tells whether an address has a record.
std::vector<std::string> addresses_of_one_set(ClientTable& table) {
  const std::string first = "192.0.2.1";
  const auto has_record = [&] { return !table.take(first, Count::streams, 0, kNow); };
  std::vector<std::optional<ClientTable::Held>> all;
  while (all.empty() || has_record())
    all.push_back(table.take(numbered_address(static_cast<unsigned>(all.size())),
                             Count::connections, 1, kNow));
  std::vector<std::string> same{first};
  for (unsigned i = 0; i < all.size(); ++i) {
    const std::string ip = numbered_address(i);
    all[i].reset();
    if (has_record()) same.push_back(ip);
    all[i] = table.take(ip, Count::connections, 1, kNow);
  }
  return same;
}

// A request that was refused or served leaves nothing behind, so its record goes to the next
// address.
TEST(ClientTable, WhoHasNothingMakesRoom) {
  ClientTable table;
  const auto same = addresses_of_one_set(table);
  ASSERT_EQ(same.size(), ClientTable::kWays + 1);
  for (const std::string& ip : same)
    EXPECT_FALSE(table.take(ip, Count::connections, 0, kNow)) << "it has no record";
  TimePoint now = kNow;
  for (const std::string& ip : same) {
    EXPECT_EQ(table.admit(ip, Rate::requests, 1, now), Duration::zero());
    EXPECT_GT(table.admit(ip, Rate::requests, 1, now), Duration::zero()) << "it has no record";
    now += std::chrono::seconds(1);
  }
}

// Runs `core(n)` on each core `rounds` times, each time with all cores in step.
template <class Core>
void run_in_step(int cores, int rounds, Core core) {
  std::atomic<int> arrived{0};
  std::vector<std::thread> threads;
  for (int n = 0; n < cores; ++n) {
    threads.emplace_back([&, n] {
      for (int i = 0; i < rounds; ++i) {
        ++arrived;
        for (int spins = 0; arrived < cores * (i + 1); ++spins) {
          if (spins > 10'000) std::this_thread::yield();
        }
        core(n);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

// Leaves one record of the set of `same`, for which its first two addresses contend.
std::vector<ClientTable::Held> hold_all_but_one(ClientTable& table,
                                                const std::vector<std::string>& same) {
  std::vector<ClientTable::Held> others;
  for (std::size_t i = 2; i < same.size(); ++i)
    others.push_back(*table.take(same[i], Count::connections, 1, kNow));
  return others;
}

// Two addresses want the last record of a set at once. Neither ever has more than one connection.
TEST(ClientTable, ACountOfOneAddressIsNeverAnothers) {
  ClientTable table;
  const auto same = addresses_of_one_set(table);
  ASSERT_EQ(same.size(), ClientTable::kWays + 1);
  const auto others = hold_all_but_one(table, same);
  std::atomic<int> refused{0};
  run_in_step(2, 30'000, [&](int core) {
    for (int i = 0; i < 3; ++i)
      refused +=
          table.take(same[static_cast<std::size_t>(core)], Count::connections, 1, kNow) ? 0 : 1;
  });
  EXPECT_EQ(refused, 0);
}

// As above, with rates. Each request comes a second after the one before, so none is early.
TEST(ClientTable, ARateOfOneAddressIsNeverAnothers) {
  ClientTable table;
  const auto same = addresses_of_one_set(table);
  ASSERT_EQ(same.size(), ClientTable::kWays + 1);
  const auto others = hold_all_but_one(table, same);
  std::atomic<int> refused{0};
  std::array<TimePoint, 2> now{kNow, kNow};
  run_in_step(2, 30'000, [&](int core) {
    const auto mine = static_cast<std::size_t>(core);
    now[mine] += std::chrono::seconds(1);
    refused += table.admit(same[mine], Rate::requests, 1, now[mine]) > Duration::zero() ? 1 : 0;
  });
  EXPECT_EQ(refused, 0);
}

// A connection that is refused leaves no trace, not even for a moment.
TEST(ClientTable, WhoIsRefusedRefusesNobody) {
  ClientTable table;
  std::atomic<int> refused{0};
  run_in_step(2, 30'000, [&](int core) {
    const std::uint32_t max = core == 0 ? 0 : 1;
    for (int i = 0; i < 3; ++i) {
      if (!table.take("10.0.0.1", Count::connections, max, kNow)) refused += core;
    }
  });
  EXPECT_EQ(refused, 0);
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
