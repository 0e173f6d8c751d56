// SPDX-License-Identifier: Apache-2.0
#include "admin/clocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;

ClockReading reading(int offset_ms, int uncertainty_ms = 1, const char* reference = "one") {
  return {reference, milliseconds(offset_ms), milliseconds(uncertainty_ms)};
}

TEST(ClocksTest, AreComparedByTheirReference) {
  const auto difference = reading(30, 2).minus(reading(-10, 3));
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->offset, milliseconds(40));
  EXPECT_EQ(difference->uncertainty, milliseconds(5));
  EXPECT_FALSE(reading(30, 2).minus(reading(-10, 3, "two")));
}

TEST(ClocksTest, SurviveTheNote) {
  const auto read = ClockReading::from_json(reading(-1234, 5).to_json());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->reference, "one");
  EXPECT_EQ(read->offset, milliseconds(-1234));
  EXPECT_EQ(read->uncertainty, milliseconds(5));
}

TEST(ClocksTest, OfOthersMayBeAnything) {
  for (const char* text : {R"(null)", R"(7)", R"({})", R"({"reference":"one"})",
                           R"({"reference":1,"offsetMs":1,"uncertaintyMs":1})",
                           R"({"reference":"one","offsetMs":"1","uncertaintyMs":1})",
                           R"({"reference":"one","offsetMs":1e300,"uncertaintyMs":1})",
                           R"({"reference":"one","offsetMs":1,"uncertaintyMs":-1e300})"}) {
    EXPECT_FALSE(ClockReading::from_json(Json::parse(text))) << text;
  }
}

TEST(ClocksTest, ANoteStaysWhileOnlyNoiseChanges) {
  EXPECT_TRUE(reading(10).agrees_with(reading(12)));
  EXPECT_TRUE(reading(10).agrees_with(reading(30, 25)));
  EXPECT_FALSE(reading(10).agrees_with(reading(13)));
  EXPECT_FALSE(reading(10, 20).agrees_with(reading(10)));
  EXPECT_FALSE(reading(10).agrees_with(reading(10, 1, "two")));
}

TEST(ClocksTest, TheOneThatDiffersFromTheMedianIsWrong) {
  // The reference itself is an hour ahead.
  const std::vector<ClockReading> all{reading(0), reading(-3'600'000), reading(-3'600'010)};
  EXPECT_THAT(clock_warning(all[0], all), HasSubstr("1h ahead of the median"));
  EXPECT_THAT(clock_warning(all[1], all), IsEmpty());
  EXPECT_THAT(clock_warning(all[2], all), IsEmpty());
}

TEST(ClocksTest, ADifferenceCountsIfItIsSure) {
  const std::vector<ClockReading> all{reading(0), reading(1), reading(2), reading(-600, 400),
                                      reading(-600, 100)};
  EXPECT_THAT(clock_warning(all[3], all), IsEmpty());
  EXPECT_THAT(clock_warning(all[4], all), HasSubstr("behind the median"));
}

TEST(ClocksTest, OneClockIsNeverWrong) {
  EXPECT_THAT(clock_warning(reading(9'000), {reading(9'000)}), IsEmpty());
  EXPECT_THAT(clock_warning(reading(9'000), {reading(9'000), reading(0, 1, "two")}), IsEmpty());
}

}  // namespace
}  // namespace sluice::admin
