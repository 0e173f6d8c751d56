// SPDX-License-Identifier: Apache-2.0
#include "admin/failed_tries.h"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

using std::chrono::seconds;

class FailedTriesTest : public testing::Test {
 protected:
  void fail(int times, std::string_view address = "10.0.0.1") {
    for (int i = 0; i < times; ++i) tries_.add(address, now_);
  }
  FailedTries tries_;
  TimePoint now_ = Clock::now();
};

TEST_F(FailedTriesTest, AFewAreFree) {
  fail(FailedTries::kFreeTries);
  EXPECT_EQ(tries_.wait("10.0.0.1", now_), Duration::zero());
}

TEST_F(FailedTriesTest, FurtherOnesCloseTheDoorForLongerEachTime) {
  fail(FailedTries::kFreeTries + 1);
  EXPECT_EQ(tries_.wait("10.0.0.1", now_), FailedTries::kWaitFirst);
  EXPECT_EQ(tries_.wait("10.0.0.2", now_), Duration::zero()) << "of that address only";
  EXPECT_EQ(tries_.wait("10.0.0.1", now_ + FailedTries::kWaitFirst), Duration::zero());
  fail(1);
  EXPECT_EQ(tries_.wait("10.0.0.1", now_), 2 * FailedTries::kWaitFirst);
  fail(1000);
  EXPECT_EQ(tries_.wait("10.0.0.1", now_), FailedTries::kWaitMax);
}

TEST_F(FailedTriesTest, IsForgivenAndForgotten) {
  fail(20);
  tries_.clear("10.0.0.1");
  EXPECT_EQ(tries_.wait("10.0.0.1", now_), Duration::zero());
  fail(20);
  now_ += FailedTries::kForgottenAfter + seconds(1);
  fail(1);
  EXPECT_EQ(tries_.wait("10.0.0.1", now_), Duration::zero());
}

TEST_F(FailedTriesTest, RemembersABoundedNumberOfAddresses) {
  fail(FailedTries::kFreeTries + 1, "first");
  now_ += seconds(1);
  for (std::size_t i = 0; i < FailedTries::kAddressesMax - 1; ++i) fail(20, std::to_string(i));
  fail(20, "last");
  EXPECT_EQ(tries_.wait("first", now_ - seconds(1)), Duration::zero()) << "the quietest one went";
  EXPECT_GT(tries_.wait("last", now_), Duration::zero());
}

}  // namespace
}  // namespace sluice::admin
