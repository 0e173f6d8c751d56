// SPDX-License-Identifier: Apache-2.0
#include "config/exact_number.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/fields.h"
#include "config/value.h"

namespace sluice::config {
namespace {

// Of a number in a document.
bool keeps(const std::string& text) {
  const auto value = parse_document(text);
  EXPECT_TRUE(value) << text;
  const Json json = Encoder::of(*value);
  EXPECT_TRUE(json.is_number()) << text << " is " << json;
  return keeps_value(value->scalar, json);
}

TEST(ExactNumber, SpellingsOfOneValue) {
  for (const char* text : {"0",
                           "-0",
                           "7",
                           "1.50",
                           "1e3",
                           "1E+3",
                           "-1.5e-3",
                           ".5",
                           "007.250",
                           "0.1",
                           "9007199254740993",
                           "18446744073709551615",
                           "-9223372036854775808",
                           "1e22",
                           "1e23",
                           "992e21",
                           "821.916359",
                           "-80.3644035867705",
                           "4.9406564584124654e-324",
                           "1234567890.1234567",
                           "0.0",
                           "-0.000",
                           "1000000000000000000000"})
    EXPECT_TRUE(keeps(text)) << text;
}

TEST(ExactNumber, ValuesThatAreLost) {
  for (const char* text :
       {"12345678901234567890123", "18446744073709551617", "0.1000000000000000055",
        "123456789012345678.5", "-9223372036854775809", "3.14159265358979323846"})
    EXPECT_FALSE(keeps(text)) << text;
}

TEST(ExactNumber, WhatIsNoDecimalNumber) {
  EXPECT_TRUE(keeps_value("0x1F", 31.0));
  EXPECT_TRUE(keeps_value("text", 1.0));
  EXPECT_TRUE(keeps_value("1e", 1.0));
  EXPECT_TRUE(keeps_value("12345678901234567890123", "12345678901234567890123"));
}

}  // namespace
}  // namespace sluice::config
