// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/copy_time.h"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

TEST(CopyTime, IsShortWhereEtcdIsNear) {
  CopyTime time;
  EXPECT_EQ(time.first(), kFirstCopyMin);
  time.note_answer(1ms);
  EXPECT_EQ(time.first(), kFirstCopyMin);
}

TEST(CopyTime, FollowsASlowLineAndForgetsItSlowly) {
  CopyTime time;
  time.note_answer(400ms);
  EXPECT_EQ(time.first(), 800ms);
  time.note_answer(100ms);
  EXPECT_EQ(time.first(), 700ms);
  time.note_answer(1min);
  EXPECT_EQ(time.first(), kFirstCopyMax);
  for (int i = 0; i < 20; ++i) time.note_answer(1ms);
  EXPECT_EQ(time.first(), kFirstCopyMin);
}

// A line on which no first copy is answered in time would have none for ever.
TEST(CopyTime, GrowsWithoutAnswers) {
  CopyTime time;
  time.note_silence();
  EXPECT_EQ(time.first(), kFirstCopyMin + kCopyGrowth);
  for (int i = 0; i < 20; ++i) time.note_silence();
  EXPECT_EQ(time.first(), kUnansweredCopyMax);
  time.note_answer(900ms);
  time.note_silence();
  EXPECT_EQ(time.first(), 1800ms) << "it is long enough";
}

}  // namespace
}  // namespace sluice::store
