// SPDX-License-Identifier: Apache-2.0
// Covers: lexer.cc
#include "egctl/nginx/directives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::egctl::nginx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::vector<ConfigFile>> no_files(const std::string&) { return std::vector<ConfigFile>{}; }

Result<std::vector<Directive>> read(const std::string& text) {
  return read_directives({"a.conf", text}, no_files);
}

std::string fault_of(const std::string& text) {
  const auto read_one = read(text);
  return read_one ? "" : read_one.error().message;
}

TEST(Directives, WordsAndBlocks) {
  const auto config = read(
      "# a comment\nhttp { # one more\n  server {\n    listen 80 ; server_name a  b;\n  }\n}\n");
  ASSERT_TRUE(config) << config.error().message;
  const Directive& server = config->at(0).block.at(0);
  EXPECT_EQ(server.name, "server");
  EXPECT_TRUE(server.has_block);
  EXPECT_EQ(server.place(), "a.conf:3");
  EXPECT_THAT(server.block.at(1).words, ElementsAre("a", "b"));
  EXPECT_EQ(server.block.at(1).place(), "a.conf:4");
}

TEST(Directives, QuotesEscapesAndVariables) {
  EXPECT_THAT(fault_of("a x{1} y;"), HasSubstr("is not closed")) << "nginx wants quotes";
  const auto quoted = read(R"(a "x y;{}" 'it''s' ${v}z "^/a\.b\d{1}";b "q\"\n" c#d;)");
  ASSERT_TRUE(quoted) << quoted.error().message;
  EXPECT_THAT(quoted->at(0).words, ElementsAre("x y;{}", "it", "s", "${v}z", "^/a\\.b\\d{1}"));
  EXPECT_THAT(quoted->at(1).words, ElementsAre("q\"\n", "c#d"));
}

TEST(Directives, FaultsHaveTheirPlace) {
  EXPECT_EQ(fault_of("a b\n"), "a.conf:1: \"a\" does not end with ; or a block");
  EXPECT_EQ(fault_of("\na {\n b c;\n"), "a.conf:2: the block that begins here is not closed");
  EXPECT_EQ(fault_of("a;\n}"), "a.conf:2: unexpected \"}\"");
  EXPECT_EQ(fault_of("\n;"), "a.conf:2: the name of a directive is missing");
  EXPECT_EQ(fault_of("a 'b;\n"), "a.conf, line 1: a quote is not closed");
  EXPECT_EQ(fault_of("include;"), "a.conf:1: include wants one name");
}

TEST(Directives, AMissingSemicolonIsNamed) {
  EXPECT_EQ(fault_of("listen 80\nserver_name x;"),
            "a.conf:1: \"listen\" has no ; before \"server_name\"");
  EXPECT_EQ(fault_of("log_format a 'x'\n 'server_name';"), "");
}

TEST(Directives, BlocksOfLuaArePassedOver) {
  const auto config =
      read("a_by_lua_block { if x['}'] then -- it's }\n y = [[ } ' ]] {} end }\nb;");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->at(1).place(), "a.conf:3");
  EXPECT_THAT(fault_of("a_by_lua_block {\n x = '}'"), HasSubstr("line 1: the block"));
}

TEST(Directives, Bounds) {
  std::string deep;
  for (int i = 0; i <= kBlockDepthMax; ++i) deep += "a {";
  EXPECT_THAT(fault_of(deep), HasSubstr("too many blocks"));
  std::string many;
  for (std::size_t i = 0; i <= kDirectivesMax; ++i) many += "a;";
  EXPECT_THAT(fault_of(many), HasSubstr("too many directives"));
  std::string wide = "a";
  for (std::size_t i = 0; i <= kWordsMax; ++i) wide += " b";
  EXPECT_THAT(fault_of(wide + ";"), HasSubstr("too many words"));
  EXPECT_THAT(fault_of(std::string(kConfigBytesMax + 1, ' ')), HasSubstr("too large"));
}

TEST(Directives, IncludedFilesStandInPlace) {
  const auto find = [](const std::string& pattern) -> Result<std::vector<ConfigFile>> {
    if (pattern == "none") return fail(ErrorKind::not_found, "none is not there");
    return std::vector<ConfigFile>{{"one.conf", "x;"}, {"two.conf", "\ny;"}};
  };
  const auto config = read_directives({"a.conf", "a; include *.conf; b;"}, find);
  ASSERT_TRUE(config);
  std::vector<std::string> names;
  for (const Directive& one : *config) names.push_back(one.name + " " + one.place());
  EXPECT_THAT(names, ElementsAre("a a.conf:1", "x one.conf:1", "y two.conf:2", "b a.conf:1"));
  const auto absent = read_directives({"a.conf", "\ninclude none;"}, find);
  ASSERT_TRUE(absent);
  EXPECT_EQ(absent->at(0).name, "include") << "it stays, for the converter";
}

TEST(Directives, AFileThatIncludesItselfEnds) {
  const auto find = [](const std::string&) -> Result<std::vector<ConfigFile>> {
    return std::vector<ConfigFile>{{"self.conf", "include self;"}};
  };
  EXPECT_EQ(read_directives({"a.conf", "include self;"}, find).error().message,
            "self.conf:1: too many files include one another");
}

}  // namespace
}  // namespace sluice::egctl::nginx
