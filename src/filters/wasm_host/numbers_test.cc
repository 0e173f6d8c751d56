// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "filters/wasm_host/spec.h"

namespace sluice::filters {
namespace {

TEST(Numbers, IntegersInAllSpellings) {
  EXPECT_EQ(parse_integer("42"), 42);
  EXPECT_EQ(parse_integer("-42"), -42);
  EXPECT_EQ(parse_integer("+42"), 42);
  EXPECT_EQ(parse_integer("0x1F"), 31);
  EXPECT_EQ(parse_integer("-0X1f"), -31);
  EXPECT_EQ(parse_integer("0o17"), 15);
  EXPECT_EQ(parse_integer("017"), 15);
  EXPECT_EQ(parse_integer("0b101"), 5);
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("0x_1_f"), 31);
  EXPECT_EQ(parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
}

TEST(Numbers, WhatIsNoIntegerIsZero) {
  for (const char* text :
       {"", "-", "+", "0x", "08", "1.5", " 1", "1 ", "--1", "+-1", "1_", "_1", "0x__1", "true",
        "9223372036854775808", "-9223372036854775809", "99999999999999999999999"}) {
    EXPECT_EQ(parse_integer(text), 0) << text;
  }
}

TEST(Numbers, FloatsReadBackTheSame) {
  EXPECT_EQ(format_float(0.1), "0.1");
  EXPECT_EQ(format_float(100), "100");
  EXPECT_EQ(format_float(1e6), "1e+06");
  EXPECT_EQ(format_float(1e21), "1e+21");
  EXPECT_EQ(format_float(0.0001), "0.0001");
  EXPECT_EQ(format_float(0.00001), "1e-05");
  EXPECT_EQ(format_float(-INFINITY), "-Inf");
  for (const double value : {0.1 + 0.2, 1e308, -5e-324, 123456.789})
    EXPECT_EQ(parse_float(format_float(value)), value);
  EXPECT_TRUE(std::isnan(parse_float(format_float(NAN))));
  EXPECT_EQ(parse_float("+Inf"), INFINITY);
  for (const char* text : {"", "x", "1.5x", " 1", "+-1", "+"})
    EXPECT_EQ(parse_float(text), 0) << text;
}

TEST(Numbers, Sizes) {
  EXPECT_EQ(parse_size("65536"), 65536u);
  EXPECT_EQ(parse_size("64MiB"), 64u << 20);
  EXPECT_EQ(parse_size("64Mi"), 64u << 20);
  EXPECT_EQ(parse_size("64 MB"), 64'000'000u);
  EXPECT_EQ(parse_size("1GiB"), 1u << 30);
  for (const char* text : {"", "MiB", "-1", "1.5MiB", "64mb", "18446744073709551615GiB"})
    EXPECT_FALSE(parse_size(text)) << text;
}

}  // namespace
}  // namespace sluice::filters
