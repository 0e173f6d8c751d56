// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/code_trial.h"

#include <gtest/gtest.h>

#include "filters/wasm_host/spec.h"

namespace sluice::filters {
namespace {

class Trial : public ::testing::Test {
 protected:
  void run(int good, int bad, unsigned core = 0) {
    for (int i = 0; i < good; ++i) trial_.count_run(core, false);
    for (int i = 0; i < bad; ++i) trial_.count_run(core, true);
  }
  [[nodiscard]] bool goes() const { return !trial_.verdict(spec_).empty(); }

  RollbackSpec spec_{.error_rate = 0.1, .window = std::chrono::hours(1)};
  CodeTrial trial_{"hash", true, 2};
};

TEST_F(Trial, FewRunsSayNothing) {
  trial_.begin();
  run(0, static_cast<int>(CodeTrial::kRunsMin) - 1);
  EXPECT_FALSE(goes());
  run(0, 1, 1);
  EXPECT_TRUE(goes()) << "the runs of all cores count";
}

TEST_F(Trial, TheRateMayBeReachedAndNotExceeded) {
  trial_.begin();
  run(90, 10);
  EXPECT_FALSE(goes());
  run(0, 1);
  EXPECT_TRUE(goes());
  EXPECT_TRUE(trial_.verdict(spec_).starts_with("11 of 101 runs ended in wasmError within "))
      << trial_.verdict(spec_);
}

TEST_F(Trial, BeginsWhenTheCodeIsInForce) {
  run(0, 100);
  EXPECT_FALSE(goes());
  trial_.begin();
  EXPECT_TRUE(goes());
}

TEST_F(Trial, EndsWithItsWindow) {
  trial_.begin();
  run(0, 100);
  ASSERT_TRUE(trial_.progress(spec_));
  EXPECT_EQ(trial_.progress(spec_)->failed, 100U);
  spec_.window = Duration(1);
  EXPECT_FALSE(goes());
  EXPECT_FALSE(trial_.progress(spec_));
}

TEST_F(Trial, CodeWithoutAnotherBeforeItIsNotJudged) {
  CodeTrial first("hash", false, 1);
  first.begin();
  for (int i = 0; i < 100; ++i) first.count_run(0, true);
  EXPECT_EQ(first.verdict(spec_), "");
}

}  // namespace
}  // namespace sluice::filters
