// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice {
namespace {

TEST(CharacterClasses, KnowAsciiOnly) {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool lower = i >= 'a' && i <= 'z';
    const bool upper = i >= 'A' && i <= 'Z';
    const bool digit = i >= '0' && i <= '9';
    EXPECT_EQ(is_digit(c), digit) << i;
    EXPECT_EQ(is_lower(c), lower) << i;
    EXPECT_EQ(is_upper(c), upper) << i;
    EXPECT_EQ(is_alpha(c), lower || upper) << i;
    EXPECT_EQ(is_alphanumeric(c), lower || upper || digit) << i;
    EXPECT_EQ(is_space(c), std::string_view(" \t\r\n").contains(c)) << i;
    EXPECT_EQ(to_lower(c), upper ? static_cast<char>(i + 32) : c) << i;
  }
  EXPECT_EQ(lower_case("GeT @[`{\xc3\x84"), "get @[`{\xc3\x84");
}

TEST(Trim, OwsIsSpaceAndTab) {
  EXPECT_EQ(trim_ows(" \t a b\t "), "a b");
  EXPECT_EQ(trim_ows("\r\n a\v"), "\r\n a\v");
  EXPECT_EQ(trim_ows(" \t"), "");
  EXPECT_EQ(trim_ows(""), "");
}

TEST(Trim, SpaceIncludesLineEnds) {
  EXPECT_EQ(trim_space("\r\n\t a\r\nb \n"), "a\r\nb");
  EXPECT_EQ(trim_space("\v\f"), "\v\f");
  EXPECT_EQ(trim_space("\n \r"), "");
}

TEST(TakeUntil, TakesItemAfterItem) {
  std::string_view list = "a,,b";
  EXPECT_EQ(take_until(list, ','), "a");
  EXPECT_EQ(take_until(list, ','), "");
  EXPECT_EQ(list, "b");
  EXPECT_EQ(take_until(list, ','), "b");
  EXPECT_EQ(list, "");
  EXPECT_EQ(take_until(list, ','), "");
}

TEST(ToNumber, TakesTheWholeText) {
  EXPECT_EQ(to_number<int>("-17"), -17);
  EXPECT_EQ(to_number<unsigned>("0017"), 17U);
  EXPECT_EQ(to_number<std::uint64_t>("fF", 16), 255U);
  EXPECT_EQ(to_number<std::int64_t>("-9223372036854775808"),
            std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1x", "0x1", "1.0", "99999999999"})
    EXPECT_EQ(to_number<int>(text), std::nullopt) << text;
}

TEST(ToNumber, RefusesANumberThatDoesNotFit) {
  EXPECT_EQ(to_number<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(to_number<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(to_number<std::uint64_t>("18446744073709551615"),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(to_number<std::uint64_t>("18446744073709551616"), std::nullopt);
  EXPECT_EQ(to_number<unsigned>("-1"), std::nullopt);
}

TEST(Hex, ThereAndBack) {
  EXPECT_EQ(hex_encode(std::string("\x00\xff\x1b", 3)), "00ff1b");
  EXPECT_EQ(hex_decode("00fF1b"), std::string("\x00\xff\x1b", 3));
  EXPECT_EQ(hex_decode(""), "");
  for (const char* text : {"0", "0g", "-1", "+1", " 1", "1 ", "0x"}) {
    EXPECT_EQ(hex_decode(text), std::nullopt) << text;
  }
}

TEST(Hex, ValueOfEveryCharacter) {
  for (int i = 0; i < 256; ++i) {
    const auto at = std::string_view("0123456789abcdef").find(to_lower(static_cast<char>(i)));
    const int expected = at == std::string_view::npos ? -1 : static_cast<int>(at);
    EXPECT_EQ(hex_value(static_cast<char>(i)), expected) << i;
  }
}

TEST(Hex, AppendsTheLastDigits) {
  std::string out = "\\u";
  append_hex(out, 0xe9, 4);
  EXPECT_EQ(out, "\\u00e9");
  append_hex(out, 0x123456789abcdef0, 16);
  EXPECT_EQ(out, "\\u00e9123456789abcdef0");
  append_hex(out, 0x1ff, 2);
  EXPECT_TRUE(out.ends_with("0ff"));
}

TEST(Escapes, LogsInLowerCaseAndUrisInUpperCase) {
  std::string out;
  append_hex_escape(out, '\x1b');
  append_hex_escape(out, '\xff');
  EXPECT_EQ(out, "\\x1b\\xff");
  out.clear();
  append_percent_encoded(out, '\x1b');
  append_percent_encoded(out, '\xff');
  EXPECT_EQ(out, "%1B%FF");
}

}  // namespace
}  // namespace sluice
