// SPDX-License-Identifier: Apache-2.0
// Random programs on all cores at once are strictly serializable on every backend, and the checker
// detects a broken store.
#include <gtest/gtest.h>

#include <cstdio>

#include "store/testing/broken_access.h"
#include "store/testing/checker.h"
#include "store/testing/player.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kCores = 3;

// Low limits, so that few keys take the code paths of a million.
std::unique_ptr<Store> open_store(bool embedded, const std::string& directory) {
  Limits limits;
  limits.keys_counted_at_once = 2;
  limits.bulk_entries_min = 4;
  if (!embedded) return open_memory_store(kCores, limits);
  auto store = open_embedded_store(directory, kCores, Logger(), limits);
  return store ? std::move(*store) : nullptr;
}

Entries listed(Store& store) {
  Entries entries;
  const auto page = store.list(Player::kNs, "", "", 1000);
  EXPECT_TRUE(page);
  for (const Entry& entry : page->entries) entries[entry.key] = entry.value;
  return entries;
}

// One history from an empty store: "" or its first fault.
std::string judge(bool embedded, const Score& score, const MakeAccess& access = honest_access) {
  const TestDirectory directory;
  TestCores cores{kCores};
  const auto store = open_store(embedded, directory.path());
  if (!store || !store->prepare(Player::kNs)) return "the store does not open";
  HistoryInMemory history;
  Player(cores, *store, history).play(score, access);
  Checker checker(history.take());
  std::string fault = checker.check();
  if (fault.empty() && listed(*store) != checker.end()) fault = "end: the listing differs";
  return fault;
}

class Exactness : public testing::TestWithParam<bool> {};

TEST_P(Exactness, EveryHistoryIsStrictlySerializable) {
  std::printf("SLUICE_SEED=%u\n", first_seed());
  for (unsigned round = 0; round < rounds(4); ++round) {
    const unsigned seed = first_seed() + round;
    ASSERT_EQ(judge(GetParam(), {.seed = seed}), "") << "SLUICE_SEED=" << seed;
  }
}

TEST_P(Exactness, AlsoWhileAdministrationChangesManyKeys) {
  for (unsigned round = 0; round < rounds(GetParam() ? 2 : 8); ++round) {
    const unsigned seed = first_seed() + round;
    ASSERT_EQ(judge(GetParam(), {.seed = seed, .changes = 60}), "") << "SLUICE_SEED=" << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, Exactness, testing::Bool(),
                         [](const auto& backend) { return backend.param ? "embedded" : "memory"; });

// A broken store may need several histories to show a fault.
template <class Broken>
std::string first_fault() {
  for (unsigned round = 0; round < 50; ++round) {
    auto fault = judge(false, {.seed = first_seed() + round},
                       [](View& view) { return std::make_unique<Broken>(view); });
    if (!fault.empty()) return fault;
  }
  return "none";
}

TEST(Canary, WritesThatNobodyValidates) {
  EXPECT_EQ(first_fault<SkipsValidation>().find("serial: version"), 0U);
}
TEST(Canary, ReadsOfSeveralVersions) {
  EXPECT_EQ(first_fault<MixesVersions>().find("version: a run that only read"), 0U);
}
TEST(Canary, AWriteForgotten) { EXPECT_EQ(first_fault<ForgetsAWrite>().find("serial: "), 0U); }
TEST(Canary, ACountThatLags) { EXPECT_NE(first_fault<CountLags>(), "none"); }
TEST(Canary, AReadThatDependsOnNothing) {
  EXPECT_EQ(first_fault<DependsOnNothing>().find("version: a run that only read"), 0U);
}
TEST(Canary, AConsistentViewOfThePast) {
  EXPECT_EQ(first_fault<ServesThePast>().find("time: a run that only read"), 0U);
}

// A run sees every commit that another core was told to be durable before the run began.
TEST(Model, WhatIsToldIsSeen) {
  TestCores cores{2};
  const auto store = open_memory_store(2);
  ASSERT_TRUE(store->prepare("m/m"));
  std::vector<View*> views;
  for (unsigned i = 0; i < 2; ++i) {
    views.push_back(&cores.on(i, [&]() -> View& { return store->view(cores.core(i), "m/m"); }));
  }
  for (int i = 0; i < 500; ++i) {
    const unsigned teller = static_cast<unsigned>(i % 2);
    const std::string value = std::to_string(i);
    ASSERT_TRUE(cores.await(teller, [&] {
      return [](View& view, std::string text) -> Task<bool> {
        const Commit commit = put(view, "k", text);
        co_return (co_await view.durable(commit.version, in(60s))).has_value();
      }(*views[teller], value);
    }));
    cores.on(1 - teller, [&] {
      Transaction t(*views[1 - teller]);
      EXPECT_EQ(t.get("k"), value);
      EXPECT_TRUE(views[1 - teller]->is_durable(views[1 - teller]->commit(t).version));
    });
  }
}

}  // namespace
}  // namespace sluice::store
