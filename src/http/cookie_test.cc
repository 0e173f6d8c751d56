// SPDX-License-Identifier: Apache-2.0
#include "http/cookie.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

std::string pairs_of(std::string_view header) {
  std::string out;
  for (const CookiePair& pair : parse_cookies(header)) {
    out.append(pair.name).append("=").append(pair.value).append("|");
  }
  return out;
}

TEST(ParseCookies, InOrder) {
  EXPECT_EQ(pairs_of("a=1; b=2;a=3"), "a=1|b=2|a=3|");
  EXPECT_EQ(pairs_of("token=abc=="), "token=abc==|");
  EXPECT_EQ(pairs_of("q=\"v w\"; e=; s = t "), "q=v w|e=|s=t|");
}

TEST(ParseCookies, SkipsWhatIsNoPair) {
  EXPECT_EQ(pairs_of(""), "");
  EXPECT_EQ(pairs_of(";; ; lonely; =x; a b=c; ok=1"), "ok=1|");
  EXPECT_EQ(pairs_of("q=\""), "q=\"|");
}

TEST(IsSetCookie, Checks) {
  EXPECT_TRUE(is_set_cookie("a=1; Path=/; HttpOnly"));
  EXPECT_TRUE(is_set_cookie("a="));
  for (const char* text : {"", "a", "=1", "a b=1", "a=1\r\nB: c", "a=\t", "; a=1"}) {
    EXPECT_FALSE(is_set_cookie(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::http
