// SPDX-License-Identifier: Apache-2.0
#include "server/progress.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

using std::chrono::seconds;

TEST(Progress, OneByteAMinuteIsNotEnough) {
  Progress progress(seconds(60));
  TimePoint now{};
  EXPECT_EQ(progress.begin(now), now + seconds(60));
  progress.end(now += seconds(59), 1);
  EXPECT_EQ(progress.begin(now), now + seconds(1));
  progress.end(now += seconds(1), 1);
  EXPECT_EQ(progress.begin(now), now);
}

TEST(Progress, EnoughOfItBeginsAnew) {
  Progress progress(seconds(60));
  TimePoint now{};
  (void)progress.begin(now);
  progress.end(now += seconds(50), kProgressBytes);
  EXPECT_EQ(progress.begin(now), now + seconds(60));
  progress.end(now += seconds(50), 1);
  EXPECT_EQ(progress.begin(now), now + seconds(10)) << "what moved before is not counted again";
}

TEST(Progress, OurOwnTimeDoesNotCount) {
  Progress progress(seconds(60));
  TimePoint now{};
  (void)progress.begin(now);
  progress.end(now += seconds(10), 1);
  now += seconds(1000);
  EXPECT_EQ(progress.begin(now), now + seconds(50));
}

}  // namespace
}  // namespace sluice::server
