// SPDX-License-Identifier: Apache-2.0
// Covers: mailbox.cc
// Covers: alarm_clock.cc
#include "loop/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "loop/alarm_clock.h"

namespace sluice::loop {
namespace {

constexpr bool kGoesOn = false;

class MailboxTest : public ::testing::Test {
 protected:
  // Sleeps until something wakes the poller. False: only the end of the test's patience did.
  bool sleeps_until_woken() {
    bool late = false;
    AlarmClock patience(poller_, [&late] { late = true; });
    patience.set(Clock::now() + std::chrono::seconds(30));
    poller_.turn(true);
    return !late;
  }
  Mailbox::Work says(char letter) {
    return [this, letter] { said_ += letter; };
  }

  Poller poller_;
  Mailbox mailbox_{poller_};
  std::string said_;
};

TEST_F(MailboxTest, RunsWhatOneThreadPostsInOrder) {
  mailbox_.post(says('a'));
  mailbox_.post(says('b'));
  mailbox_.post_here(says('c'));
  mailbox_.run(kGoesOn);
  EXPECT_EQ(said_.find('a') + 1, said_.find('b'));
  EXPECT_EQ(said_.size(), 3U);
}

TEST_F(MailboxTest, WhatIsPostedMeanwhileRunsAtTheNextCall) {
  mailbox_.post_here([this] {
    said_ += 'a';
    mailbox_.post_here(says('b'));
    mailbox_.post(says('c'));
  });
  mailbox_.run(kGoesOn);
  EXPECT_EQ(said_, "a");
  mailbox_.run(kGoesOn);
  EXPECT_EQ(said_.size(), 3U);
}

TEST_F(MailboxTest, AStopLeavesTheRestForTheNextCall) {
  bool stopped = false;
  mailbox_.post_here([&] { stopped = true; });
  mailbox_.post_here(says('a'));
  mailbox_.run(stopped);
  EXPECT_EQ(said_, "");
  mailbox_.run(kGoesOn);
  EXPECT_EQ(said_, "a");
}

TEST_F(MailboxTest, DoesNotSleepBesideWork) {
  mailbox_.post_here(says('a'));
  EXPECT_FALSE(mailbox_.sleep());
  mailbox_.run(kGoesOn);
  mailbox_.post(says('b'));
  EXPECT_FALSE(mailbox_.sleep());
  mailbox_.run(kGoesOn);
  EXPECT_TRUE(mailbox_.sleep());
}

TEST_F(MailboxTest, AnotherThreadEndsTheSleepEachTime) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(mailbox_.sleep());
    std::thread other([this] { mailbox_.post(says('x')); });
    EXPECT_TRUE(sleeps_until_woken());
    other.join();
    mailbox_.wake();
    mailbox_.run(kGoesOn);
  }
  EXPECT_EQ(said_, "xxx");
}

TEST_F(MailboxTest, DropDestroysAlsoWhatThatPosts) {
  struct Doomed {
    Mailbox& mailbox;
    std::string& said;
    ~Doomed() {
      said += 'd';
      mailbox.post([&text = said] { text += "never"; });
    }
  };
  auto doomed = std::make_shared<Doomed>(mailbox_, said_);
  mailbox_.post([owned = std::move(doomed)] { (void)owned; });
  mailbox_.drop();
  EXPECT_EQ(said_, "d");
  EXPECT_TRUE(mailbox_.sleep());
}

TEST(AlarmClockTest, RingsAlsoForATimeThatHasPassed) {
  Poller poller;
  int rings = 0;
  AlarmClock clock(poller, [&rings] { ++rings; });
  for (const TimePoint when : {TimePoint{}, TimePoint(Duration(-1)), Clock::now(),
                               Clock::now() + std::chrono::milliseconds(2)}) {
    rings = 0;
    clock.set(when);
    poller.turn(true);
    EXPECT_EQ(rings, 1);
    EXPECT_GE(Clock::now(), when);
  }
}

TEST(AlarmClockTest, TheLastSettingCounts) {
  Poller poller;
  int rings = 0;
  AlarmClock clock(poller, [&rings] { ++rings; });
  const TimePoint when = Clock::now() + std::chrono::milliseconds(20);
  clock.set(Clock::now() + std::chrono::hours(1));
  clock.set(when);
  poller.turn(true);
  EXPECT_EQ(rings, 1);
  EXPECT_GE(Clock::now(), when);
}

}  // namespace
}  // namespace sluice::loop
