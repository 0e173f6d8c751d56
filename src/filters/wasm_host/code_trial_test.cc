// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/code_trial.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/from_json.h"
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
  EXPECT_EQ(trial_.state(spec_), pipeline::TrialState::running);
  spec_.window = Duration(1);
  EXPECT_FALSE(goes());
  EXPECT_EQ(trial_.progress(spec_)->left, Duration::zero());
  EXPECT_EQ(trial_.state(spec_), pipeline::TrialState::passed);
}

TEST_F(Trial, CodeWithoutAnotherBeforeItIsNotJudged) {
  CodeTrial first("hash", false, 1);
  first.begin();
  for (int i = 0; i < 100; ++i) first.count_run(0, true);
  EXPECT_EQ(first.verdict(spec_), "");
  EXPECT_EQ(first.state(spec_), pipeline::TrialState::none);
  EXPECT_TRUE(first.knowledge().is_null());
}

TEST_F(Trial, AVerdictThatCouldNotBeCarriedOutStays) {
  trial_.begin();
  trial_.set_trouble("no code is there");
  spec_.window = Duration(1);
  EXPECT_EQ(trial_.state(spec_), pipeline::TrialState::failed) << "also after the window";
}

TEST_F(Trial, GoesOnInTheNextProcess) {
  EXPECT_TRUE(trial_.knowledge().is_null()) << "it has not begun";
  trial_.begin();
  run(20, 20);
  const config::Value known = config::from_json(trial_.knowledge());
  CodeTrial next("hash", true, 1);
  next.learn(known);
  next.begin();
  EXPECT_EQ(next.progress(spec_)->runs, 40U);
  EXPECT_LE(next.progress(spec_)->left, trial_.progress(spec_)->left + Duration(1'000'000));
  for (int i = 0; i < 10; ++i) next.count_run(0, true);
  EXPECT_NE(next.verdict(spec_), "");
  EXPECT_EQ(config::from_json(next.knowledge()).find("runs")->scalar, "50");
  CodeTrial other("other hash", true, 1);
  other.learn(known);
  other.learn(config::from_json(Json{{"sha256", "other hash"}}));
  EXPECT_FALSE(other.progress(spec_));
}

}  // namespace
}  // namespace sluice::filters
