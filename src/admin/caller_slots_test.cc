// SPDX-License-Identifier: Apache-2.0
#include "admin/caller_slots.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::admin {
namespace {

using Refusal = CallerSlots::Refusal;

class CallerSlotsTest : public ::testing::Test {
 protected:
  const std::shared_ptr<CallerSlots> slots_ =
      std::make_shared<CallerSlots>(CallerSlots::Bounds{.all = 4, .of_caller = 3});
};

TEST_F(CallerSlotsTest, OneCallerLeavesPlacesToOthers) {
  const CallerSlots::Slot one(slots_, "ann");
  const CallerSlots::Slot two(slots_, "ann");
  const CallerSlots::Slot three(slots_, "ann");
  EXPECT_EQ(three.refusal(), Refusal::none);
  EXPECT_EQ(CallerSlots::Slot(slots_, "ann").refusal(), Refusal::of_caller);
  const CallerSlots::Slot other(slots_, "bob");
  EXPECT_EQ(other.refusal(), Refusal::none);
  EXPECT_EQ(CallerSlots::Slot(slots_, "eve").refusal(), Refusal::all);
  EXPECT_EQ(CallerSlots::Slot(slots_, "ann").refusal(), Refusal::all)
      << "the bound of all is first";
}

TEST_F(CallerSlotsTest, APlaceIsGivenBackOnce) {
  std::optional<CallerSlots::Slot> one(std::in_place, slots_, "ann");
  const CallerSlots::Slot two(slots_, "ann");
  const CallerSlots::Slot three(slots_, "ann");
  for (int i = 0; i < 10; ++i)  // who is refused gives nothing back
    EXPECT_EQ(CallerSlots::Slot(slots_, "ann").refusal(), Refusal::of_caller);
  one.reset();
  const CallerSlots::Slot again(slots_, "ann");
  EXPECT_EQ(again.refusal(), Refusal::none);
  EXPECT_EQ(CallerSlots::Slot(slots_, "ann").refusal(), Refusal::of_caller);
}

TEST_F(CallerSlotsTest, NeverMoreThanTheBoundsFromManyThreads) {
  // Never more than the places that are held: counted after a place is taken, and no more before it
  // is given back.
  std::atomic<int> all = 0;
  std::array<std::atomic<int>, 2> of_caller{};
  const auto is_granted = [](const CallerSlots::Slot& slot) {
    return slot.refusal() == Refusal::none ? 1 : 0;
  };
  const auto work = [&](std::size_t caller) {
    const std::string name = caller == 0 ? "ann" : "bob";
    for (int turn = 0; turn < 10'000; ++turn) {
      const CallerSlots::Slot first(slots_, name);
      const CallerSlots::Slot second(slots_, name);
      const int held = is_granted(first) + is_granted(second);
      EXPECT_LE(of_caller[caller] += held, 3);
      EXPECT_LE(all += held, 4);
      of_caller[caller] -= held;
      all -= held;
    }
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < 4; ++i) threads.emplace_back(work, i % 2);
  threads.clear();
  const CallerSlots::Slot one(slots_, "eve");
  const CallerSlots::Slot two(slots_, "eve");
  const CallerSlots::Slot three(slots_, "eve");
  EXPECT_EQ(three.refusal(), Refusal::none) << "all have been given back";
}

}  // namespace
}  // namespace sluice::admin
