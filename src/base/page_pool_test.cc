// SPDX-License-Identifier: Apache-2.0
#include "base/page_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

namespace sluice {
namespace {

std::size_t resident_pages(std::span<char> bytes) {
  std::vector<unsigned char> pages(bytes.size() / static_cast<std::size_t>(::getpagesize()));
  EXPECT_EQ(::mincore(bytes.data(), bytes.size(), pages.data()), 0);
  return static_cast<std::size_t>(
      std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; }));
}

std::string content(const PagePool::Slot& slot) {
  return {slot.bytes().data(), slot.bytes().size()};
}

TEST(PagePool, SlotsAreLargeEnoughAlignedAndApart) {
  PagePool pool;
  std::vector<PagePool::Slot> slots;
  for (const std::size_t size : {1, 4096, 4097, 7600, 20'000, 32'768}) {
    slots.push_back(pool.acquire(size));
    ASSERT_TRUE(slots.back());
    EXPECT_GE(slots.back().bytes().size(), size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(slots.back().bytes().data()) % 4096, 0U);
  }
  for (std::size_t i = 0; i < slots.size(); ++i)
    std::ranges::fill(slots[i].bytes(), static_cast<char>(i));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    EXPECT_EQ(std::ranges::count(slots[i].bytes(), static_cast<char>(i)), slots[i].bytes().size());
    for (std::size_t j = 0; j < slots.size(); ++j)
      EXPECT_EQ(slots[i].holds(slots[j].bytes().data() + 5), i == j);
  }
}

TEST(PagePool, WhatIsFoldedComesBack) {
  PagePool pool;
  std::mt19937 random(7);
  PagePool::Slot slot = pool.acquire(32 << 10);
  std::ranges::fill(slot.bytes(), '\0');
  for (int round = 0; round < 200; ++round) {
    const std::size_t at = random() % slot.bytes().size();
    const std::size_t size = std::min<std::size_t>(random() % 300, slot.bytes().size() - at);
    std::ranges::generate(slot.bytes().subspan(at, size),
                          [&] { return static_cast<char>(random() % 3 == 0 ? random() : 0); });
    const std::string before = content(slot);
    slot.fold(slot.bytes().size());
    ASSERT_TRUE(slot.folded());
    slot.unfold();
    ASSERT_EQ(content(slot), before);
  }
}

TEST(PagePool, FullAndEmptySlotsFold) {
  PagePool pool;
  for (const char fill : {'\0', 'x'}) {
    PagePool::Slot slot = pool.acquire(8192);
    std::ranges::fill(slot.bytes(), fill);
    slot.fold(8192);
    slot.unfold();
    EXPECT_EQ(std::ranges::count(slot.bytes(), fill), 8192);
  }
}

TEST(PagePool, EachFoldKeepsWhatIsThereThen) {
  PagePool pool;
  PagePool::Slot slot = pool.acquire(8192);
  for (const char fill : {'x', '\0', 'y'}) {
    std::ranges::fill(slot.bytes(), fill);
    slot.fold(8192);
    EXPECT_EQ(resident_pages(slot.bytes()), 0U);
    slot.unfold();
    EXPECT_FALSE(slot.folded());
    EXPECT_EQ(std::ranges::count(slot.bytes(), fill), 8192);
  }
}

TEST(PagePool, FoldedSlotsHoldNoPages) {
  PagePool pool;
  PagePool::Slot slot = pool.acquire(32 << 10);
  std::ranges::fill(slot.bytes(), 'x');
  EXPECT_EQ(resident_pages(slot.bytes()), 8U);
  slot.fold(100);
  EXPECT_EQ(resident_pages(slot.bytes()), 0U);
  slot.unfold();
  EXPECT_EQ(resident_pages(slot.bytes()), 1U);
  EXPECT_EQ(std::ranges::count(slot.bytes(), 'x'), 104);  // whole words
}

TEST(PagePool, WhatIsLeftFoldedIsUsedAgain) {
  PagePool pool;
  PagePool::Slot slot = pool.acquire(8192);
  char* const place = slot.bytes().data();
  std::ranges::fill(slot.bytes(), 'x');
  slot.fold(8192);
  slot = {};
  slot = pool.acquire(8192);
  EXPECT_EQ(slot.bytes().data(), place);
  std::ranges::fill(slot.bytes(), 'y');
}

TEST(PagePool, ManyFreeSlotsHoldNoPages) {
  PagePool pool;
  std::vector<PagePool::Slot> slots(200);
  std::vector<std::span<char>> places;
  for (PagePool::Slot& slot : slots) {
    slot = pool.acquire(8192);
    std::ranges::fill(slot.bytes(), 'x');
    places.push_back(slot.bytes());
  }
  slots.clear();
  const auto resident =
      std::ranges::count_if(places, [](auto place) { return resident_pages(place) > 0; });
  EXPECT_EQ(resident, 64);
}

}  // namespace
}  // namespace sluice
