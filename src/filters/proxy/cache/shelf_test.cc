// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/shelf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Shelf::ResponsePtr entry(const std::string& key, std::size_t bytes = 100, int when = 0,
                         const std::string& variant = "") {
  auto made = std::make_shared<StoredResponse>();
  made->key = key;
  made->bytes = bytes;
  made->stored_at = TimePoint(std::chrono::seconds(when));
  if (!variant.empty()) made->vary.emplace_back("Accept-Language", variant);
  return made;
}

std::vector<std::string> keys(const Shelf::Responses& entries) {
  std::vector<std::string> all;
  for (const auto& each : entries) all.push_back(each->key);
  return all;
}

TEST(Shelf, MakesRoomWithTheOldest) {
  Shelf shelf(300);
  for (const char* key : {"a", "b", "c"}) EXPECT_THAT(shelf.store(entry(key)), IsEmpty());
  EXPECT_EQ(shelf.own_bytes(), 300U);
  EXPECT_THAT(keys(shelf.store(entry("d", 150))), ElementsAre("a", "b"));
  EXPECT_EQ(shelf.find("a"), nullptr);
  EXPECT_NE(shelf.find("c"), nullptr);
  EXPECT_EQ(shelf.own_bytes(), 250U);
}

TEST(Shelf, WhatIsUsedGetsASecondChance) {
  Shelf shelf(300);
  for (const char* key : {"a", "b", "c"}) (void)shelf.store(entry(key));
  shelf.find("a")->front()->used = true;
  EXPECT_THAT(keys(shelf.store(entry("d"))), ElementsAre("b"));
  EXPECT_THAT(keys(shelf.store(entry("e"))), ElementsAre("c"));
  EXPECT_THAT(keys(shelf.store(entry("f"))), ElementsAre("a")) << "not used any more";
  for (const char* key : {"d", "e", "f"}) shelf.find(key)->front()->used = true;
  EXPECT_THAT(keys(shelf.store(entry("g"))), ElementsAre("d")) << "all were used";
}

TEST(Shelf, RefusesWhatIsTooLarge) {
  Shelf shelf(300);
  (void)shelf.store(entry("a"));
  const auto large = entry("b", 301);
  EXPECT_THAT(shelf.store(large), ElementsAre(large));
  EXPECT_NE(shelf.find("a"), nullptr);
  EXPECT_THAT(keys(shelf.store(entry("c", 300))), ElementsAre("a")) << "it takes the whole shelf";
  EXPECT_NE(shelf.find("c"), nullptr);
}

TEST(Shelf, SameVariantIsReplaced) {
  Shelf shelf(300);
  const auto german = entry("a", 100, 1, "de");
  const auto english = entry("a", 100, 1, "en");
  (void)shelf.store(german);
  (void)shelf.store(english);
  const auto fresh = entry("a", 100, 2, "de");
  EXPECT_THAT(shelf.store(fresh), ElementsAre(german));
  EXPECT_THAT(*shelf.find("a"), ElementsAre(english, fresh));
  EXPECT_EQ(shelf.own_bytes(), 200U);
}

TEST(Shelf, VariantsAreBounded) {
  Shelf shelf(1'000'000);
  for (int i = 0; i < 100; ++i) (void)shelf.store(entry("a", 100, i, std::to_string(i)));
  EXPECT_EQ(shelf.find("a")->size(), 16U);
  EXPECT_EQ(shelf.own_count(), 16U);
}

TEST(Shelf, EntriesOfOthersCostNothingAndGoWhenTold) {
  Shelf shelf(100);
  const auto other = entry("a", 1000);
  EXPECT_THAT(shelf.adopt(other), IsEmpty());
  EXPECT_NE(shelf.find("a"), nullptr);
  EXPECT_EQ(shelf.own_bytes(), 0U);
  shelf.drop({other});
  EXPECT_EQ(shelf.find("a"), nullptr);
}

// Two cores store the same variant at once, and each learns of the other's entry.
TEST(Shelf, AllKeepTheNewest) {
  Shelf one(1000);
  Shelf two(1000);
  const auto first = entry("a", 100, 1);
  const auto second = entry("a", 100, 2);
  (void)one.store(first);
  (void)two.store(second);
  EXPECT_THAT(one.adopt(second), ElementsAre(first)) << "its own had to go, the others must hear";
  EXPECT_THAT(two.adopt(first), IsEmpty());
  two.drop({first});
  EXPECT_THAT(*one.find("a"), ElementsAre(second));
  EXPECT_THAT(*two.find("a"), ElementsAre(second));
  EXPECT_EQ(one.own_bytes(), 0U);
  EXPECT_EQ(two.own_bytes(), 100U);
}

}  // namespace
}  // namespace sluice::filters
