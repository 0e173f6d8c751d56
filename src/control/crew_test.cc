// SPDX-License-Identifier: Apache-2.0
#include "control/crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <latch>
#include <system_error>

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

// The system has a limit of threads.
TEST(Crew, WorkWaitsIfNoMoreThreadsStart) {
  int started = 0;
  Crew crew(8, [&](std::function<void()> body) {
    if (++started > 2) throw std::system_error(EAGAIN, std::generic_category());
    return std::thread(std::move(body));
  });
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(crew.run([&] { ++done; }));
  crew.stop();
  EXPECT_EQ(done, 50) << "each piece is done once";
}

TEST(Crew, NothingIsAcceptedAfterTheEnd) {
  Crew crew(1);
  crew.stop();
  EXPECT_FALSE(crew.run([] { FAIL(); }));
  crew.stop();
}

}  // namespace
}  // namespace sluice::control
