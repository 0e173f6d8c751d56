// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_TRUE(glob_matches("a.b", "a.b"));
  EXPECT_FALSE(glob_matches("a", "ab"));
  EXPECT_FALSE(glob_matches("ab", "a"));
}

TEST(Glob, AStarStandsForTextWithoutSlash) {
  EXPECT_TRUE(glob_matches("*.conf", ".conf"));
  EXPECT_TRUE(glob_matches("*.conf", "a.conf.conf"));
  EXPECT_FALSE(glob_matches("*.conf", "d/a.conf"));
  EXPECT_TRUE(glob_matches("*/*.conf", "d/a.conf"));
  EXPECT_FALSE(glob_matches("*/*.conf", "d/e/a.conf"));
  EXPECT_TRUE(glob_matches("/a*b*c", "/axbybc"));
  EXPECT_FALSE(glob_matches("/a*b*c", "/axbyb"));
  EXPECT_FALSE(glob_matches("a*/c", "ab/b/c"));
  EXPECT_TRUE(glob_matches("**", "ab"));
}

TEST(Glob, AQuestionMarkAndASetStandForOneOctet) {
  EXPECT_TRUE(glob_matches("a?c", "abc"));
  EXPECT_FALSE(glob_matches("a?c", "a/c"));
  EXPECT_FALSE(glob_matches("a?", "a"));
  EXPECT_TRUE(glob_matches("[a-c]x[^0-9]", "bxy"));
  EXPECT_FALSE(glob_matches("[a-c]x[^0-9]", "bx7"));
  EXPECT_FALSE(glob_matches("[^a]", "/"));
  EXPECT_TRUE(glob_matches("[]]", "]"));
  EXPECT_TRUE(glob_matches("[a\\-z]", "-"));
  EXPECT_FALSE(glob_matches("[a\\-z]", "b"));
  EXPECT_TRUE(glob_matches("\\*\\[", "*["));
  EXPECT_FALSE(glob_matches("\\*", "a"));
}

TEST(Glob, KnowsWhatIsNone) {
  for (const char* good : {"", "*", "[a]", "[]]", "\\[", "[^a-b]"}) EXPECT_TRUE(is_glob(good));
  for (const char* bad : {"[", "[a", "[]", "\\", "a[^", "[a\\]"}) EXPECT_FALSE(is_glob(bad)) << bad;
}

// A matcher that tries all ways would need more than the age of the universe.
TEST(Glob, EndsSoon) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace sluice
