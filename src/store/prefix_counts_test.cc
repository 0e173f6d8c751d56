// SPDX-License-Identifier: Apache-2.0
// Counters of prefixes follow inserts and erases, also while another thread counts. Each table of
// steps runs twice on one object.
#include "store/prefix_counts.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sluice::store {
namespace {

std::optional<std::uint64_t> count(PrefixCounts& counts, std::string_view prefix) {
  const auto* counter = counts.find(prefix);
  return counter != nullptr ? std::optional(counter->count) : std::nullopt;
}

TEST(PrefixCounts, FollowWhatComesAndGoes) {
  PrefixCounts counts;
  counts.add("id/", 10, 1);
  counts.add("", 20, 1);
  for (Version version = 2; version < 4; ++version) {
    counts.inserted("id/a", version);
    EXPECT_EQ(count(counts, "id/"), 11U);
    EXPECT_EQ(counts.find("id/")->changed, version);
    counts.inserted("i", version);
    EXPECT_EQ(count(counts, "id/"), 11U) << "shorter than the prefix";
    EXPECT_EQ(count(counts, ""), 22U);
    counts.erased("id/a", version);
    counts.erased("i", version);
    EXPECT_EQ(count(counts, "id/"), 10U);
    EXPECT_EQ(count(counts, ""), 20U);
  }
}

TEST(PrefixCounts, WhatChangesDuringACountIsAddedToIt) {
  PrefixCounts counts;
  for (std::uint64_t ticket = 1; ticket < 3; ++ticket) {
    counts.begin("id/", 5, ticket);
    EXPECT_EQ(count(counts, "id/"), std::nullopt) << "not yet";
    counts.erased("id/a", 6);
    counts.inserted("id/b", 7);
    counts.inserted("id/c", 8);
    counts.finish("id/", 99, ticket + 100);
    EXPECT_EQ(count(counts, "id/"), std::nullopt) << "of another count";
    counts.finish("id/", 10, ticket);
    EXPECT_EQ(count(counts, "id/"), 11U);
    EXPECT_EQ(counts.find("id/")->changed, 8U);
    counts.finish("id/", 10, ticket);
    EXPECT_EQ(count(counts, "id/"), 11U) << "once";
  }
}

// The keys that another thread counts are gone. Their number must not be added afterwards.
TEST(PrefixCounts, AllIsErasedDuringACount) {
  PrefixCounts counts;
  for (std::uint64_t ticket = 1; ticket < 3; ++ticket) {
    counts.begin("id/", 5, ticket);
    counts.inserted("id/a", 6);
    counts.erased_all(7);
    EXPECT_EQ(count(counts, "id/"), 0U) << "there is nothing to count";
    EXPECT_EQ(counts.find("id/")->changed, 7U);
    counts.inserted("id/b", 8);
    counts.finish("id/", 1000, ticket);
    EXPECT_EQ(count(counts, "id/"), 1U);
    counts.erased_all(9);
  }
}

TEST(PrefixCounts, AnEmptyCountIsNotChangedWhenAllIsErased) {
  PrefixCounts counts;
  counts.add("id/", 0, 1);
  counts.add("x/", 3, 1);
  counts.erased_all(2);
  EXPECT_EQ(counts.find("id/")->changed, 1U);
  EXPECT_EQ(counts.find("x/")->changed, 2U);
  EXPECT_EQ(count(counts, "x/"), 0U);
}

TEST(PrefixCounts, TheLeastRecentlyUsedGoes) {
  PrefixCounts counts;
  const auto name = [](std::size_t i) { return "p" + std::to_string(1000 + i); };
  for (std::size_t i = 0; i < PrefixCounts::kCountersMax; ++i) counts.add(name(i), i, 1);
  EXPECT_EQ(count(counts, name(0)), 0U);
  counts.add("more", 7, 1);
  EXPECT_EQ(count(counts, name(0)), 0U) << "used a moment ago";
  EXPECT_EQ(count(counts, name(1)), std::nullopt);
  EXPECT_EQ(count(counts, "more"), 7U);
  counts.inserted(name(2) + "/x", 2);
  EXPECT_EQ(count(counts, name(2)), 3U) << "others of its length are still kept up";
}

TEST(PrefixCounts, WhatIsWantedIsNamedOnce) {
  PrefixCounts counts;
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(counts.has_wanted());
    counts.want("a");
    counts.want("b");
    counts.want("a");
    EXPECT_EQ(counts.take_wanted(), (std::vector<std::string>{"a", "b"}));
  }
  for (std::size_t i = 0; i < 2 * PrefixCounts::kCountersMax; ++i) counts.want(std::to_string(i));
  EXPECT_EQ(counts.take_wanted().size(), PrefixCounts::kCountersMax);
}

TEST(PrefixCounts, NewsAreThoseCountedHere) {
  PrefixCounts counts;
  counts.begin("elsewhere", 1, 1);
  counts.finish("elsewhere", 1, 1);
  EXPECT_FALSE(counts.has_news());
  counts.add("here", 1, 1);
  EXPECT_EQ(counts.take_news(), (std::vector<std::string>{"here"}));
  EXPECT_FALSE(counts.has_news());
}

}  // namespace
}  // namespace sluice::store
