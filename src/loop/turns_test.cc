// SPDX-License-Identifier: Apache-2.0
#include "loop/turns.h"

#include <gtest/gtest.h>

namespace sluice::loop {
namespace {

using namespace std::chrono_literals;
using End = Turns::End;

double oldest_for_each_newest(Duration newest, Duration oldest) {
  Turns turns;
  int old = 0;
  for (int young = 0; young < 1000;) {
    const End next = turns.next();
    (next == End::newest ? young : old) += 1;
    turns.note(next, next == End::newest ? newest : oldest);
  }
  return old / 1000.0;
}

TEST(Turns, TheNewestIsFirst) { EXPECT_EQ(Turns().next(), End::newest); }

TEST(Turns, TheOldestGetHalfOfTheTimeOfTheNewest) {
  EXPECT_NEAR(oldest_for_each_newest(20us, 10us), 1.0, 0.01);
  EXPECT_NEAR(oldest_for_each_newest(20us, 20us), 0.5, 0.01);
  EXPECT_NEAR(oldest_for_each_newest(400us, 10us), 20.0, 0.1);
}

TEST(Turns, OneThatTakesForLongKeepsTheOthersAwayForAMomentOnly) {
  Turns turns;
  turns.note(End::newest, 1h);
  Duration oldest{};
  while (turns.next() == End::oldest) {
    turns.note(End::oldest, 1ms);
    oldest += 1ms;
  }
  EXPECT_LE(oldest, 10ms);
  turns.note(End::oldest, 1h);
  Duration newest{};
  while (turns.next() == End::newest) {
    turns.note(End::newest, 1ms);
    newest += 1ms;
  }
  EXPECT_LE(newest, 21ms);
}

TEST(Turns, OwesNothingAfterAReset) {
  Turns turns;
  turns.note(End::newest, 1ms);
  EXPECT_EQ(turns.next(), End::oldest);
  turns.reset();
  EXPECT_EQ(turns.next(), End::newest);
}

}  // namespace
}  // namespace sluice::loop
