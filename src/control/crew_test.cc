// SPDX-License-Identifier: Apache-2.0
#include "control/crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace sluice::control {
namespace {

TEST(Crew, PiecesDoNotWaitForEachOther) {
  Crew crew(3);
  std::latch all(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(crew.run([&all] { all.arrive_and_wait(); }));
  all.wait();
}

TEST(Crew, MoreThanItsThreadsWait) {
  Crew crew(2);
  std::latch started(2);
  std::latch go(1);
  std::atomic<int> at_once{0};
  std::atomic<int> done{0};
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(crew.run([&, i] {
      EXPECT_LE(++at_once, 2);
      if (i < 2) started.count_down();
      go.wait();
      --at_once;
      ++done;
    }));
  }
  started.wait();
  EXPECT_EQ(done, 0);
  go.count_down();
  crew.stop();
  EXPECT_EQ(done, 6) << "stop() waits for all that was accepted";
}

TEST(Crew, NothingIsAcceptedAfterTheEnd) {
  Crew crew(1);
  crew.stop();
  EXPECT_FALSE(crew.run([] { FAIL(); }));
  crew.stop();
}

}  // namespace
}  // namespace sluice::control
