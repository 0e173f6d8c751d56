// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/expressions.h"

#include <gtest/gtest.h>

namespace sluice::egctl::nginx {
namespace {

TEST(Expressions, NamesOfGroups) {
  EXPECT_EQ(expression_of("(?<id>a)[(?<]", true)->text, "(?i)(?P<id>a)[(?<]");
  EXPECT_FALSE(expression_of("a", false)->wider);
}

TEST(Expressions, BlanksAndOctetsAreThoseOfPcre) {
  EXPECT_TRUE(found_in(expression_of("^/a\\sb$", false)->text, "/a\vb"));
  EXPECT_TRUE(found_in(expression_of("^/a[x\\s]b$", false)->text, "/a\vb"));
  EXPECT_FALSE(found_in(expression_of("^/a\\Sb$", false)->text, "/a\vb"));
  EXPECT_EQ(expression_of("[\\\\s]", false)->text, "[\\\\s]");
  EXPECT_TRUE(found_in(expression_of("^/adm.n$", true)->text, "/ADM\xffn"));
}

TEST(Expressions, AWiderOneTakesAllThatTheOriginalTakes) {
  const auto wider = expression_of("^/a(?!b[)]x)(c)\\1d++$", false);
  ASSERT_TRUE(wider);
  EXPECT_TRUE(wider->wider);
  EXPECT_TRUE(found_in(wider->text, "/accdd"));
  EXPECT_FALSE(expression_of("(?(1)a|b)", false));
}

TEST(Expressions, WithinAPrefix) {
  EXPECT_EQ(within("/a/", "^/a/b"), "^/a/b");
  EXPECT_EQ(within("/a/", "(?i)\\.x$"), "^/a/(?s:.*)(?i:\\.x$)");
  for (const char* none : {"/\\.x", "^/b", "x|y", "(a)", "a$"})
    EXPECT_FALSE(within("/a/", none)) << none;
}

TEST(Expressions, AnExpressionMayTakeTheIndexOfAFolder) {
  for (const char* may : {"\\.php$", "\\.(html|php)$", "[.]php(/|$)", "^/x/.+$", "index", "x.*p$",
                          "a|b", "\\.PHP(/|$)", "^/in"})
    EXPECT_TRUE(may_take_file(may, "index.php")) << may;
  for (const char* never :
       {"\\.html$", "\\.(png|jpg)$", "[^/]\\.html(/|$)", "^/x/", "^/x/(.*)$", "/\\.", "/\\.ht"})
    EXPECT_FALSE(may_take_file(never, "index.php")) << never;
}

TEST(Expressions, WithoutTheQuery) {
  const auto part = without_query("^/a/(.*)/[^x]$");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->text, "/a/([^?]*)/[^?x]");
  EXPECT_EQ(part->groups, 1);
  EXPECT_FALSE(without_query("a$b"));
}

}  // namespace
}  // namespace sluice::egctl::nginx
