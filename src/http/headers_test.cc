// SPDX-License-Identifier: Apache-2.0
#include "http/headers.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

std::string text(const Headers& headers) {
  std::string out;
  for (const Field& field : headers) out += field.name + "=" + field.value + ";";
  return out;
}

Headers sample() {
  Headers headers;
  headers.add("A", "1");
  headers.add("b", "2");
  headers.add("a", "3");
  headers.add("C", "4");
  return headers;
}

TEST(Headers, FirstValueWithoutCase) {
  const Headers headers = sample();
  EXPECT_EQ(headers.get("a"), "1");
  EXPECT_EQ(headers.get("B"), "2");
  EXPECT_EQ(headers.get("d"), std::nullopt);
  EXPECT_TRUE(headers.contains("c"));
}

TEST(Headers, SetReplacesAllInThePlaceOfTheFirst) {
  Headers headers = sample();
  headers.set("a", "5");
  EXPECT_EQ(text(headers), "a=5;b=2;C=4;");
  headers.set("new", "6");
  EXPECT_EQ(text(headers), "a=5;b=2;C=4;new=6;");
}

TEST(Headers, RemoveKeepsTheOrder) {
  Headers headers = sample();
  EXPECT_EQ(headers.remove("A"), 2u);
  EXPECT_EQ(text(headers), "b=2;C=4;");
  EXPECT_EQ(headers.remove("A"), 0u);
}

TEST(Headers, ClearKeepsTheMemory) {
  Headers headers;
  headers.add("name", std::string(1000, 'x'));
  const char* const before = headers.begin()->value.data();
  headers.clear();
  EXPECT_TRUE(headers.empty());
  EXPECT_FALSE(headers.contains("name"));
  headers.add("other", "short");
  EXPECT_EQ(headers.begin()->value.data(), before);
}

TEST(Headers, CopyAndMove) {
  Headers headers = sample();
  headers.remove("C");
  const Headers copy = headers;
  EXPECT_EQ(text(copy), "A=1;b=2;a=3;");
  Headers assigned = sample();
  assigned = copy;
  EXPECT_EQ(text(assigned), text(copy));
  const Headers moved = std::move(assigned);
  EXPECT_EQ(text(moved), text(copy));
  EXPECT_EQ(text(assigned), "");  // NOLINT: a moved-from object is empty, and may be used
}

TEST(Headers, TakesViewsIntoItself) {
  Headers headers = sample();
  for (int i = 0; i < 20; ++i) headers.add((headers.begin() + 2)->name, *headers.get("b"));
  EXPECT_EQ(headers.remove((headers.begin() + 2)->name), 22u);
  headers.set("b", *headers.get("C"));
  headers.set((headers.begin() + 1)->name, *headers.get("b"));
  EXPECT_EQ(text(headers), "b=4;C=4;");
}

TEST(Text, Iequals) {
  EXPECT_TRUE(iequals("Content-TYPE", "content-type"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("@", "`"));  // differ by the bit that makes lower case
  EXPECT_TRUE(iequals("", ""));
}

TEST(Text, Token) {
  EXPECT_TRUE(is_token("X-a_1!"));
  for (const char* text : {"", "a b", "a:", "a\r", "\xc3\xa4", "(a)"}) EXPECT_FALSE(is_token(text));
}

TEST(Text, FieldValueAtEveryPosition) {
  for (std::size_t length = 1; length < 20; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string value(length, '\xff');
        value[at] = static_cast<char>(c);
        const bool good = c == '\t' || (c >= 0x20 && c != 0x7f);
        ASSERT_EQ(is_field_value(value), good) << length << " " << at << " " << c;
      }
    }
  }
}

TEST(Text, CanonicalName) {
  EXPECT_EQ(canonical_name("content-type"), "Content-Type");
  EXPECT_EQ(canonical_name("X-FORWARDED-for"), "X-Forwarded-For");
  EXPECT_EQ(canonical_name("x--1a"), "X--1a");
  EXPECT_EQ(canonical_name("not a token"), "not a token");
}

}  // namespace
}  // namespace sluice::http
