// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

#include <gtest/gtest.h>

#include <vector>

#include "store/chain_store.h"
#include "store/memory/memory_medium.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr Duration kGathered = 20ms;

// Notes when each group begins and ends.
class GatheringMedium final : public MemoryMedium {
 public:
  struct Times {
    TimePoint begin, end;
  };
  explicit GatheringMedium(std::vector<Times>& groups) : groups_(groups) {}

  Duration gathering() const override { return kGathered; }
  Result<void> write(std::span<Batch> group) override {
    const TimePoint begin = Clock::now();
    auto written = MemoryMedium::write(group);
    groups_.push_back({begin, Clock::now()});
    return written;
  }

 private:
  std::vector<Times>& groups_;  // of the journal's thread, until the store is closed
};

TEST(JournalTest, CommitsGatherBehindAGroup) {
  std::vector<GatheringMedium::Times> groups;
  {
    ChainStore store(std::make_unique<GatheringMedium>(groups), 1, Logger(), Limits());
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(store.apply("p/f", {{"key" + std::to_string(i), "value"}}));
    }
  }
  ASSERT_EQ(groups.size(), 3U);
  for (std::size_t i = 1; i < groups.size(); ++i) {
    EXPECT_GE(groups[i].begin - groups[i - 1].end, kGathered);
  }
}

}  // namespace
}  // namespace sluice::store
