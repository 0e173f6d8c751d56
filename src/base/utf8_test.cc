// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace sluice {
namespace {

// Every character there and back, and the borders of each length.
TEST(Utf8, EveryCharacterThereAndBack) {
  std::string text;
  for (std::uint32_t c = 0; c <= 0x10ffff; ++c) {
    if (is_surrogate(c)) continue;
    text.clear();
    append_utf8(text, c);
    const Utf8Char found = first_utf8_char(text + "x");
    ASSERT_TRUE(found.valid) << c;
    ASSERT_EQ(std::uint32_t{found.value}, c);
    ASSERT_EQ(found.size, text.size()) << c;
    ASSERT_EQ(text.size(), c < 0x80 ? 1U : c < 0x800 ? 2U : c < 0x10000 ? 3U : 4U) << c;
  }
}

TEST(Utf8, RefusesOtherOctets) {
  const std::vector<std::string_view> others{"\x80",  // a continuation
                                             "\xc0\x80",
                                             "\xc1\xbf",  // overlong
                                             "\xe0\x9f\xbf",
                                             "\xf0\x8f\xbf\xbf",  // overlong
                                             "\xed\xa0\x80",
                                             "\xed\xbf\xbf",  // surrogates
                                             "\xf4\x90\x80\x80",
                                             "\xf5\x80\x80\x80",  // above U+10FFFF
                                             "\xc3",
                                             "\xe2\x82",  // cut off
                                             "\xf0\x9f\x98",
                                             "\xc3(",
                                             "\xe2\x82(",
                                             "\xff"};
  for (const std::string_view text : others) {
    EXPECT_FALSE(first_utf8_char(text).valid) << text;
    EXPECT_EQ(first_utf8_char(text).size, 1U) << text;
    EXPECT_FALSE(is_utf8(text)) << text;
    EXPECT_FALSE(is_utf8("ab\xc3\xa9" + std::string(text) + "c")) << text;
  }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_utf8("\xef\xbf\xbf caf\xc3\xa9 \xf0\x9f\x98\x80"));
}

TEST(Utf8, PrefixEndsBetweenCharacters) {
  const std::string_view text = "a\xc3\xa9\xf0\x9f\x98\x80";
  EXPECT_EQ(utf8_prefix(text, 7), text);
  for (const std::size_t size : {3U, 4U, 5U, 6U}) EXPECT_EQ(utf8_prefix(text, size), "a\xc3\xa9");
  EXPECT_EQ(utf8_prefix(text, 2), "a");
  EXPECT_EQ(utf8_prefix("\x80\x80", 1), "");
}

TEST(Surrogates, JoinInTheirOrderOnly) {
  EXPECT_EQ(join_surrogates(0xd83d, 0xde00), char32_t{0x1f600});
  EXPECT_EQ(join_surrogates(0xd800, 0xdc00), char32_t{0x10000});
  EXPECT_EQ(join_surrogates(0xdbff, 0xdfff), char32_t{0x10ffff});
  EXPECT_EQ(join_surrogates(0xde00, 0xd83d), std::nullopt);
  EXPECT_EQ(join_surrogates(0xd83d, 0xd83d), std::nullopt);
  EXPECT_EQ(join_surrogates(0xd83d, 'x'), std::nullopt);
}

TEST(Utf16, BecomesUtf8) {
  const auto convert = [](std::string_view bytes) { return utf16_to_utf8(bytes); };
  using namespace std::string_view_literals;
  EXPECT_EQ(convert("a\0\xe9\0\xac\x20"sv), "a\xc3\xa9\xe2\x82\xac");
  EXPECT_EQ(convert("\x3d\xd8\x00\xde!\0"sv), "\xf0\x9f\x98\x80!");
  EXPECT_EQ(convert("\x3d\xd8"sv), "\xef\xbf\xbd");      // alone at the end
  EXPECT_EQ(convert("\x3d\xd8x\0"sv), "\xef\xbf\xbdx");  // alone before another
  EXPECT_EQ(convert("\x00\xde\x3d\xd8"sv), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(convert("a\0b"sv), "a");
}

TEST(OverlongAscii, FindsEveryForm) {
  for (int i = 0; i < 128; ++i) {
    std::vector<std::string> forms;
    const char low = static_cast<char>(0x80 | (i & 0x3f));
    const char high = static_cast<char>(i >> 6);
    forms.push_back(std::string{static_cast<char>(0xc0 | high), low});
    forms.push_back(std::string{'\xe0', static_cast<char>(0x80 | high), low});
    forms.push_back(std::string{'\xf0', '\x80', static_cast<char>(0x80 | high), low});
    for (const std::string& text : forms) {
      char c = 0;
      EXPECT_EQ(overlong_ascii(text + "z", c), text.size()) << i;
      EXPECT_EQ(c, static_cast<char>(i));
      EXPECT_EQ(overlong_ascii(text.substr(0, text.size() - 1), c), 0U) << i;
    }
  }
}

TEST(OverlongAscii, LeavesOtherText) {
  char c = 0;
  for (const char* text : {"a", "\x80", "\xc2\x80", "\xe0\x82\x80", "\xe0\xa0\x80",
                           "\xf0\x80\x82\x80", "\xf0\x90\x80\x80", "\xc0z", "\xe1\x80\x80"})
    EXPECT_EQ(overlong_ascii(text, c), 0U) << text;
}

}  // namespace
}  // namespace sluice
