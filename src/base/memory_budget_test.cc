// SPDX-License-Identifier: Apache-2.0
#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sluice {
namespace {

constexpr std::size_t kBudget = std::size_t{64} << 20;

TEST(MemoryBudget, AnAccountWithoutOneNeverRefuses) {
  MemoryAccount account;
  EXPECT_TRUE(account.try_take(MemoryUse::heads, std::size_t{1} << 40));
  account.give(MemoryUse::heads, std::size_t{1} << 40);
  EXPECT_EQ(account.held(), 0U);
}

TEST(MemoryBudget, CoresShareIt) {
  MemoryBudget budget(kBudget, 2);
  MemoryAccount one;
  MemoryAccount other;
  one.join(budget, 0);
  other.join(budget, 1);
  EXPECT_TRUE(one.try_take(MemoryUse::request_bodies, kBudget / 2));
  EXPECT_TRUE(other.try_take(MemoryUse::responses, kBudget / 2));
  EXPECT_FALSE(one.try_take(MemoryUse::request_bodies, 1));
  EXPECT_EQ(budget.held(MemoryUse::request_bodies), kBudget / 2);
  other.give(MemoryUse::responses, kBudget / 2);
  EXPECT_TRUE(one.try_take(MemoryUse::request_bodies, kBudget / 4));
  one.give(MemoryUse::request_bodies, kBudget / 2 + kBudget / 4);
  EXPECT_EQ(budget.held(MemoryUse::request_bodies), 0U);
  EXPECT_LE(budget.leased(), 4 * budget.chunk_bytes());
}

TEST(MemoryBudget, ARefusalTakesNothing) {
  MemoryBudget budget(kBudget, 2);
  MemoryAccount one;
  MemoryAccount other;
  one.join(budget, 0);
  other.join(budget, 1);
  EXPECT_TRUE(one.try_take(MemoryUse::request_bodies, kBudget / 2));
  const std::size_t leased = budget.leased();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(other.try_take(MemoryUse::responses, kBudget / 4 * 3));
  EXPECT_EQ(budget.leased(), leased);
  EXPECT_TRUE(other.try_take(MemoryUse::responses, kBudget / 4));
  other.give(MemoryUse::responses, kBudget / 4);
  one.give(MemoryUse::request_bodies, kBudget / 2);
}

TEST(MemoryBudget, WhatIsThereAlreadyIsCountedBeyondIt) {
  MemoryBudget budget(kBudget, 1);
  MemoryAccount account;
  account.join(budget, 0);
  account.take(MemoryUse::responses, 2 * kBudget);
  EXPECT_FALSE(account.try_take(MemoryUse::heads, budget.chunk_bytes()));
  EXPECT_GE(budget.leased(), 2 * kBudget);
  account.give(MemoryUse::responses, 2 * kBudget);
  EXPECT_TRUE(account.try_take(MemoryUse::heads, budget.chunk_bytes()));
  account.give(MemoryUse::heads, budget.chunk_bytes());
}

TEST(MemoryBudget, AnAccountThatGoesGivesItsLeaseBack) {
  MemoryBudget budget(kBudget, 1);
  {
    MemoryAccount account;
    account.join(budget, 0);
    EXPECT_TRUE(account.try_take(MemoryUse::heads, 1));
    account.give(MemoryUse::heads, 1);
    EXPECT_GT(budget.leased(), 0U);
  }
  EXPECT_EQ(budget.leased(), 0U);
}

TEST(MemoryBudget, IdleLeasesAreASmallPartOfIt) {
  for (const unsigned cores : {1U, 4U, 64U}) {
    const MemoryBudget budget(kBudget, cores);
    EXPECT_LE(2 * cores * budget.chunk_bytes(), kBudget / 8) << cores;
  }
}

TEST(MemoryHolder, HasALimitOfItsOwn) {
  MemoryAccount account;
  MemoryHolder holder(account, 1000);
  EXPECT_EQ(holder.try_take(MemoryUse::heads, 800), MemoryRefusal::none);
  EXPECT_EQ(holder.try_take(MemoryUse::heads, 300), MemoryRefusal::holder);
  EXPECT_EQ(holder.try_take(MemoryUse::heads, 300, 1100), MemoryRefusal::none);
  EXPECT_EQ(account.held(), 1100U);
  holder.give(MemoryUse::heads, 1100);
}

TEST(MemoryHolder, SaysWhetherTheProcessRefuses) {
  MemoryBudget budget(kBudget, 1);
  MemoryAccount account;
  account.join(budget, 0);
  MemoryHolder holder(account, 2 * kBudget);
  EXPECT_EQ(holder.try_take(MemoryUse::heads, kBudget + 1), MemoryRefusal::process);
  EXPECT_EQ(holder.held(), 0U);
}

TEST(MemoryCharge, GivesBackWhatItHolds) {
  MemoryAccount account;
  MemoryHolder holder(account, 1000);
  {
    MemoryCharge charge(holder, MemoryUse::responses);
    EXPECT_EQ(charge.try_set(600), MemoryRefusal::none);
    EXPECT_EQ(charge.try_set(1600), MemoryRefusal::holder);
    EXPECT_EQ(charge.bytes(), 600U);
    charge.set(200);
    EXPECT_EQ(holder.held(), 200U);
    MemoryCharge moved(std::move(charge));
    charge.clear();  // NOLINT(bugprone-use-after-move): it must not give back what has moved
    EXPECT_EQ(holder.held(), 200U);
  }
  EXPECT_EQ(holder.held(), 0U);
}

TEST(SharedMemoryCharge, CountsForTheWholeProcess) {
  MemoryBudget budget(kBudget, 2);
  {
    SharedMemoryCharge charge(&budget, MemoryUse::caches);
    charge.set(kBudget / 2);
    EXPECT_FALSE(charge.tight());
    charge.set(kBudget / 4 * 3);
    EXPECT_TRUE(charge.tight());
    EXPECT_EQ(budget.held(MemoryUse::caches), kBudget / 4 * 3);
    charge.set(kBudget / 4);
    EXPECT_EQ(budget.leased(), kBudget / 4);
  }
  EXPECT_EQ(budget.leased(), 0U);
  SharedMemoryCharge nobody(nullptr, MemoryUse::caches);
  nobody.set(1);
  EXPECT_FALSE(nobody.tight());
}

TEST(MemoryBudget, ManyCoresAtOnceNeverExceedItAndEndAtNothing) {
  constexpr unsigned kCores = 4;
  MemoryBudget budget(std::size_t{4} << 20, kCores);
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (unsigned core = 0; core < kCores; ++core) {
    threads.emplace_back([&, core] {
      MemoryAccount account;
      account.join(budget, core);
      std::size_t held = 0;
      for (unsigned round = 0; round < 20'000; ++round) {
        const std::size_t bytes = (round * 7919U) % 300'000;
        if (account.try_take(MemoryUse::heads, bytes)) held += bytes;
        if (round % 5 == 0) account.give(MemoryUse::heads, std::exchange(held, 0));
        if (account.held() > budget.bytes()) exceeded = true;
      }
      account.give(MemoryUse::heads, held);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(budget.held(MemoryUse::heads), 0U);
  EXPECT_EQ(budget.leased(), 0U);
}

}  // namespace
}  // namespace sluice
