// SPDX-License-Identifier: Apache-2.0
#include "egctl/top_screen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace sluice::egctl {
namespace {

class TopScreenTest : public ::testing::Test {
 protected:
  static TopTable table(const std::string& title, std::vector<double> busy) {
    TopTable its{.titles = {title, "REQ/S"}, .rows = {}};
    for (std::size_t i = 0; i < busy.size(); ++i)
      its.rows.push_back({busy[i], {title + std::to_string(i), std::to_string(busy[i])}});
    return its;
  }
  [[nodiscard]] std::string fitted(std::vector<TopTable> tables, std::size_t rows,
                                   std::size_t columns = 80) const {
    return fit_tables(invocation_, "head\n", std::move(tables), TopScreen{rows, columns});
  }

  std::ostringstream out_;
  std::ostringstream err_;
  Invocation invocation_{.out = out_, .err = err_};
};

TEST_F(TopScreenTest, WithoutATerminalThereIsEverything) {
  const std::string text =
      fit_tables(invocation_, "head\n", {table("a", std::vector<double>(100))}, {});
  EXPECT_EQ(std::ranges::count(text, '\n'), 103);
  EXPECT_EQ(text.find("more"), std::string::npos);
}

TEST_F(TopScreenTest, WhatFitsIsNotCut) {
  const std::string text = fitted({table("a", {0, 1}), table("b", {2})}, 9);
  EXPECT_EQ(std::ranges::count(text, '\n'), 8);
  EXPECT_EQ(text.find("more"), std::string::npos);
  EXPECT_LT(text.find("a1"), text.find("a0")) << "the busy row comes first";
}

TEST_F(TopScreenTest, BusyRowsComeBeforeIdleOnes) {
  const std::string text =
      fitted({table("a", std::vector<double>(30)), table("b", {0, 0, 0, 7, 0, 9})}, 12);
  EXPECT_EQ(std::ranges::count(text, '\n'), 11) << text;
  EXPECT_TRUE(text.starts_with("head\n"));
  EXPECT_LT(text.find("b5"), text.find("b3"));
  EXPECT_NE(text.find("\na0"), std::string::npos) << "each table has a row";
  EXPECT_TRUE(text.ends_with("31 more\n")) << text;
}

TEST_F(TopScreenTest, ASmallTerminalKeepsTheHead) {
  for (std::size_t rows = 1; rows < 8; ++rows) {
    const std::string text = fitted({table("a", {1, 1, 1}), table("b", {1})}, rows);
    EXPECT_TRUE(text.starts_with("head\n"));
    EXPECT_LE(static_cast<std::size_t>(std::ranges::count(text, '\n')),
              std::max<std::size_t>(rows - 1, 1));
  }
}

TEST_F(TopScreenTest, LongNamesKeepTheirEnds) {
  TopTable its{.titles = {"PROXY", "STATE"},
               .rows = {{1, {"first" + std::string(200, '-') + "last", "healthy"}}}};
  const std::string text = fitted({std::move(its)}, 24, 60);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_EQ(cut_line(line, 60), line);
  EXPECT_NE(text.find("first"), std::string::npos);
  EXPECT_NE(text.find("last  healthy"), std::string::npos) << text;
}

TEST(TopLines, AreCutByCharacters) {
  EXPECT_EQ(cut_line("zoë", 3), "zoë");
  EXPECT_EQ(cut_line("zoë!", 3), "zo…");
}

TEST(TopLines, PartsStayWhole) {
  EXPECT_EQ(wrapped_parts({"a b", "c", "d"}, std::string::npos), "a b  c  d\n");
  EXPECT_EQ(wrapped_parts({"a b", "c", "d"}, 6), "a b  c\nd\n");
  EXPECT_EQ(wrapped_parts({"longer than that", "d"}, 6), "longer than that\nd\n");
}

}  // namespace
}  // namespace sluice::egctl
