// SPDX-License-Identifier: Apache-2.0
#include "http/targeted_field.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(TargetedField, Directives) {
  const auto control = parse_targeted_field(
      " max-age=60;x=1, no-cache=\"a, b\" ,\tprivate=?0,stale-if-error=5, ext=(1 \"a\";q=1 b), "
      "other=:YQ==:, day=@1, no-transform, text=%\"a\", half=0.5");
  ASSERT_TRUE(control);
  EXPECT_EQ(control->max_age, 60);
  EXPECT_EQ(control->stale_if_error, 5);
  EXPECT_TRUE(control->no_cache);
  EXPECT_FALSE(control->is_private);
  EXPECT_TRUE(control->no_transform);
  EXPECT_EQ(parse_targeted_field("max-age=60, max-age=70")->max_age, 70) << "the last counts";
  EXPECT_EQ(parse_targeted_field("max-age=-1")->max_age, 0);
}

TEST(TargetedField, WhatIsNoDictionaryCountsAsAbsent) {
  for (const char* value : {"",
                            " ",
                            "max-age=10000, &&&&&",
                            "max-age=\"10000\"",
                            "max-age",
                            "max-age=1.5",
                            "max-age=a100",
                            "max-age=100a",
                            "max-age=60,",
                            ",max-age=60",
                            "Max-Age=60",
                            "max-age =60",
                            "max-age= 60",
                            "no-store=1",
                            "a=(1",
                            "a=(1\"b\")",
                            "a=\"x",
                            "a=\"\\x\"",
                            "a=?2",
                            "a=:Y",
                            "a=1.",
                            "a=1.2345",
                            "a=1234567890123456",
                            "a=-",
                            "a=@x",
                            "a=%x",
                            "a;",
                            "a;B",
                            "a=\x7f",
                            "max-age=60 no-store"})
    EXPECT_FALSE(parse_targeted_field(value)) << value;
}

}  // namespace
}  // namespace sluice::http
