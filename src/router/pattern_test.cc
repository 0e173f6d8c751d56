// SPDX-License-Identifier: Apache-2.0
#include "router/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::router {
namespace {

using testing::ElementsAre;

Pattern compile(const std::string& text) {
  config::Faults faults;
  auto pattern = Pattern::compile(text, "p", faults);
  EXPECT_TRUE(pattern) << faults.to_error().message;
  return *pattern;
}

// Returns "fault: …" if the template is refused.
std::string replace(const std::string& pattern, std::string_view target, std::string_view text,
                    std::size_t size_max = 1000) {
  config::Faults faults;
  const Pattern compiled = compile(pattern);
  const auto replacement = Replacement::parse(target, compiled, "t", faults);
  if (!replacement) return "fault: " + faults.lines().front();
  return replacement->apply(compiled, text, size_max).value_or("too long");
}

TEST(Pattern, IsFoundAnywhere) {
  EXPECT_TRUE(compile("b+").found_in("abbc"));
  EXPECT_FALSE(compile("^b").found_in("abbc"));
  EXPECT_FALSE(compile("B").found_in("abbc"));
  config::Faults faults;
  EXPECT_TRUE(Pattern::compile("^B", "p", faults, Pattern::Case::insensitive)->found_in("b"));
}

TEST(Pattern, FindsItsFirstGroup) {
  EXPECT_EQ(compile("/([a-z]+)(x?)").first_group_in("1/ab2"), "ab");
  EXPECT_EQ(compile("/(b)?").first_group_in("/a"), std::nullopt);
  EXPECT_EQ(compile("/(b)").first_group_in("/a"), std::nullopt);
  EXPECT_EQ(compile("/a").first_group_in("/a"), std::nullopt);
  EXPECT_FALSE(compile("(?:a)").has_groups());
}

TEST(Pattern, TakesAnOctetThatIsNotUtf8ForACharacter) {
  for (const char* text : {"^/a/.+$", "^/a/[^/]+$", "^/a/\\W$", "^/a/(?i:.)$"})
    EXPECT_TRUE(compile(text).found_in("/a/\xff")) << text;
  EXPECT_TRUE(compile("^/a/..$").found_in("/a/\xc3("));
  EXPECT_TRUE(compile("^/a/é.$").found_in("/a/é\xc3"));
  EXPECT_FALSE(compile("^/a/\\w$").found_in("/a/\xff"));
  EXPECT_EQ(compile("/(.+)/b").first_group_in("/\xff\xfe\xc3/b"), "\xff\xfe\xc3");
  std::string named;
  compile("/(?P<x>é.)(?P<y>z)?").for_each_named_group("\x80/é\xc3z", [&](auto& name, auto text) {
    named.append(name).append("=").append(text).append(" ");
  });
  EXPECT_EQ(named, "x=é\xc3 y=z ");
}

TEST(Pattern, SaysWhatIsWrong) {
  config::Faults faults;
  EXPECT_FALSE(Pattern::compile("a(b", "rules[0].hostRegexp", faults));
  EXPECT_FALSE(Pattern::compile("(?=a)", "x", faults));
  EXPECT_THAT(
      faults.lines(),
      ElementsAre("rules[0].hostRegexp: \"a(b\" is not a regular expression: missing ): a(b",
                  testing::HasSubstr("(?=")));
}

TEST(Replacement, ExpandsGroupsAsGoDoes) {
  EXPECT_EQ(replace("^/a/(.*)$", "/b/$1", "/a/c"), "/b/c");
  EXPECT_EQ(replace("(?P<x>b)(c)", "<${x}$2${1}1$$>", "abcd"), "a<bcb1$>d");
  EXPECT_EQ(replace("a", "[$0]", "banana"), "b[a]n[a]n[a]");
  EXPECT_EQ(replace("a", "$ ${ $-", "a"), "$ ${ $-");
  EXPECT_EQ(replace("(a)|(b)", "<$1$2>", "ab"), "<a><b>");
  EXPECT_EQ(replace("z", "x", "abc"), "abc");
}

TEST(Replacement, HandlesEmptyMatches) {
  EXPECT_EQ(replace("x*", "-", "abxd"), "-a-b-d-");
  EXPECT_EQ(replace("", "-", "éa"), "-é-a-");
  EXPECT_EQ(replace("$", "!", "ab"), "ab!");
  EXPECT_EQ(replace("^", "!", "ab"), "!ab");
  EXPECT_EQ(replace("a*", "-", ""), "-");
}

TEST(Replacement, KeepsOctetsThatAreNotUtf8) {
  EXPECT_EQ(replace("^/a/(.+)$", "/b/$1", "/a/\xff\xc3é"), "/b/\xff\xc3é");
  EXPECT_EQ(replace("b", "-",
                    "\xff"
                    "b\xfe"
                    "b\x80"),
            "\xff-\xfe-\x80");
  EXPECT_EQ(replace("", "-", "\xff\xfe"), "-\xff-\xfe-");
}

TEST(Replacement, RefusesUnknownGroups) {
  EXPECT_EQ(replace("(a)", "$1x", "a"), "fault: t: the pattern has no group \"1x\"");
  EXPECT_EQ(replace("(a)", "$2", "a"), "fault: t: the pattern has no group \"2\"");
  EXPECT_EQ(replace("(a)", "${99999999999}", "a"),
            "fault: t: the pattern has no group \"99999999999\"");
}

TEST(Replacement, TracesWhereItsResultIsFrom) {
  config::Faults faults;
  const Pattern pattern = compile("/(b)(c?)/");
  const auto replacement = Replacement::parse("<$1$2>", pattern, "t", faults);
  ASSERT_TRUE(replacement);
  std::vector<Replacement::Traced> pieces;
  EXPECT_EQ(replacement->apply_traced(pattern, "a/b/d", 100, pieces), "a<b>d");
  std::string sources;
  for (const auto& [begin, source] : pieces)
    sources += std::to_string(begin) + ":" + (source ? std::to_string(*source) : "t") + " ";
  EXPECT_EQ(sources, "0:0 1:t 2:2 3:t 4:4 ");
  EXPECT_EQ(replacement->apply_traced(pattern, "a/b/d", 2, pieces), std::nullopt);
}

TEST(Replacement, IsBounded) {
  EXPECT_EQ(replace("a", "bbbb", "aaaa", 16), std::string(16, 'b'));
  EXPECT_EQ(replace("a", "bbbb", "aaaa", 15), "too long");
}

}  // namespace
}  // namespace sluice::router
