// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/declared_parameters.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

using Map = std::map<std::string, std::string>;

std::string declared(const std::string& value, std::string_view type) {
  const Map given{{"p", value}};
  const auto read = DeclaredParameters(given).declare("p", type, std::nullopt);
  return read ? *read : read.error().message;
}

TEST(DeclaredParameters, AreReadByTheirType) {
  EXPECT_EQ(declared(" x ", "text"), " x ");
  EXPECT_EQ(declared("-9223372036854775808", "integer"), "-9223372036854775808");
  EXPECT_EQ(declared("0.50", "number"), "0.5");
  EXPECT_EQ(declared("true", "boolean"), "true");
  EXPECT_EQ(declared("1m30s", "duration"), "90000");
  EXPECT_EQ(declared("1970-01-01 02:00 Europe/Berlin", "time"), "3600000");
}

TEST(DeclaredParameters, WhatIsNoneOfTheTypeIsRefused) {
  EXPECT_EQ(declared("1e3", "integer"), R"(parameters.p: "1e3": not an integer)");
  EXPECT_EQ(declared("9223372036854775808", "integer"),
            R"(parameters.p: "9223372036854775808": not an integer)");
  EXPECT_EQ(declared("", "number"), R"(parameters.p: "": not a number)");
  EXPECT_EQ(declared("nan", "number"), R"(parameters.p: "nan": not a number)");
  EXPECT_EQ(declared("yes", "boolean"), R"(parameters.p: "yes": neither true nor false)");
  EXPECT_EQ(declared("90", "duration"), R"(parameters.p: "90": not a duration such as 1m30s)");
  EXPECT_EQ(declared("soon", "time"), R"(parameters.p: "soon": "soon" is no time such as )"
                                      "2026-11-27T20:00:00+01:00");
  EXPECT_EQ(declared("2026-11-27 20:00", "time"),
            "parameters.p: \"2026-11-27 20:00\": names no time zone: write it as 2026-11-27 20:00 "
            "Europe/Berlin");
  EXPECT_EQ(declared("1", "int"),
            "parameters.p is declared with the type \"int\": the types are text, integer, number, "
            "boolean, duration and time");
}

TEST(DeclaredParameters, MayHaveAValueForWhenTheyAreNotGiven) {
  const Map given{{"max", "5"}};
  DeclaredParameters parameters(given);
  EXPECT_EQ(parameters.declare("max", "integer", "100").value(), "5");
  EXPECT_EQ(parameters.declare("min", "integer", "1").value(), "1");
  EXPECT_EQ(parameters.declare("ratio", "number", std::nullopt).error().message,
            "parameters.ratio is missing: the program needs it");
}

TEST(DeclaredParameters, OthersAreRefusedOnceThereIsOne) {
  const Map given{{"max", "5"}, {"maxWiner", "6"}};
  DeclaredParameters parameters(given);
  EXPECT_TRUE(parameters.check());
  ASSERT_TRUE(parameters.declare("max", "integer", std::nullopt));
  EXPECT_EQ(parameters.check().error().message, "parameters.maxWiner is unknown to the program");
  ASSERT_TRUE(parameters.declare("maxWinner", "integer", "1"));
  EXPECT_EQ(parameters.check().error().message,
            "parameters.maxWiner is unknown to the program, did you mean \"maxWinner\"?");
}

TEST(DeclaredParameters, AreBounded) {
  const Map given;
  DeclaredParameters parameters(given);
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(parameters.declare("p" + std::to_string(i), "text", ""));
  EXPECT_FALSE(parameters.declare("one more", "text", ""));
}

}  // namespace
}  // namespace sluice::filters
