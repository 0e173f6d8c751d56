// SPDX-License-Identifier: Apache-2.0
// Covers: testing/fault_disk.h
#include "store/embedded/testing/fault_disk.h"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

const std::string kHeader(32, 'h');
const std::string kFrame(480, 'f');

// A kernel writes a dirty sector as its cache has it, so a frame never reaches the disk without the
// header before it in the same sector.
TEST(FaultDisk, ASectorIsWrittenWithWhatAFailedSyncLeftOut) {
  int frames = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    FaultDisk disk;
    disk.write(0, kHeader);
    disk.sync_some(random);
    disk.write(kHeader.size(), kFrame);
    const std::string& left = disk.lose_cache(random);
    if (left.size() <= kHeader.size()) continue;
    ++frames;
    EXPECT_EQ(left, kHeader + kFrame) << seed;
  }
  EXPECT_GT(frames, 20);
}

TEST(FaultDisk, ACutLosesOnlyWhatWasNotSynced) {
  int lost = 0;
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    FaultDisk disk("old");
    disk.write(3, "er");
    disk.sync();
    disk.write(FaultDisk::kSector, "new");
    const std::string& left = disk.lose_cache(random);
    EXPECT_EQ(left.substr(0, 5), "older") << seed;
    lost += left.size() == 5 ? 1 : 0;
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 50);
}

}  // namespace
}  // namespace sluice::store
