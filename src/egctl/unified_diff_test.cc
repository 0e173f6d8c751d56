// SPDX-License-Identifier: Apache-2.0
#include "egctl/unified_diff.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sluice::egctl {
namespace {

std::string numbers(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i) text += std::to_string(i) + "\n";
  return text;
}

std::string diff(std::string_view before, std::string_view after) {
  return unified_diff(before, after, "a", "b");
}

TEST(UnifiedDiff, EqualTextsHaveNone) {
  EXPECT_EQ(diff("", ""), "");
  EXPECT_EQ(diff("x\ny\n", "x\ny\n"), "");
}

TEST(UnifiedDiff, ShowsThreeLinesAround) {
  EXPECT_EQ(diff(numbers(1, 9), numbers(1, 4) + "five\n" + numbers(6, 9)),
            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  EXPECT_EQ(diff("", "x\n"), "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
  EXPECT_EQ(diff("x\ny\n", ""), "--- a\n+++ b\n@@ -1,2 +0,0 @@\n-x\n-y\n");
}

TEST(UnifiedDiff, ChangesFarApartAreHunksOfTheirOwn) {
  std::string after = "zero\n" + numbers(1, 20) + "end\n";
  EXPECT_EQ(diff(numbers(1, 20), after),
            "--- a\n+++ b\n@@ -1,3 +1,4 @@\n+zero\n 1\n 2\n 3\n"
            "@@ -18,3 +19,4 @@\n 18\n 19\n 20\n+end\n");
  EXPECT_EQ(diff(numbers(1, 7), "a\n" + numbers(2, 6) + "b\n"),
            "--- a\n+++ b\n@@ -1,7 +1,7 @@\n-1\n+a\n 2\n 3\n 4\n 5\n 6\n-7\n+b\n")
      << "with fewer lines between than around both, there is one hunk";
}

TEST(UnifiedDiff, VeryDifferentTextsAreReplacedAsAWhole) {
  const std::string text = diff(numbers(1, 1500), numbers(2001, 3500));
  EXPECT_NE(text.find("@@ -1,1500 +1,1500 @@"), std::string::npos);
}

// Whether the diff holds: it turns `before` into `after`.
std::string applied(const std::string& before, const std::string& change) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < before.size(); at = before.find('\n', at) + 1)
    lines.push_back(before.substr(at, before.find('\n', at) - at));
  std::string after;
  std::size_t line = 0;
  std::size_t at = 0;
  while (at < change.size()) {
    const std::string one = change.substr(at, change.find('\n', at) - at);
    at += one.size() + 1;
    if (one.starts_with("---") || one.starts_with("+++")) continue;
    if (one.starts_with("@@")) {
      const std::size_t comma = one.find_first_of(", ", 4);
      std::size_t start = std::stoul(one.substr(4));
      if (one.substr(comma, 3) != ",0 ") start -= 1;
      for (; line < start; ++line) after += lines.at(line) + "\n";
      continue;
    }
    if (one[0] != '+') {
      EXPECT_EQ(lines.at(line), one.substr(1));
      ++line;
    }
    if (one[0] != '-') after += one.substr(1) + "\n";
  }
  for (; line < lines.size(); ++line) after += lines[line] + "\n";
  return after;
}

TEST(UnifiedDiff, TurnsOneTextIntoTheOther) {
  std::minstd_rand random(7);
  for (int round = 0; round < 500; ++round) {
    std::string before;
    std::string after;
    const int size = static_cast<int>(random() % 30);
    for (int i = 0; i < size; ++i) {
      const std::string line(1, static_cast<char>('a' + random() % 4));
      if (random() % 4 != 0) before += line + "\n";
      if (random() % 4 != 0) after += line + "\n";
    }
    EXPECT_EQ(applied(before, diff(before, after)), after) << before << "to\n" << after;
  }
}

}  // namespace
}  // namespace sluice::egctl
