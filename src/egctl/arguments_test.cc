// SPDX-License-Identifier: Apache-2.0
#include "egctl/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/App.hpp>
#include <sstream>

#include "egctl/command_line.h"

namespace sluice::egctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ArgumentsTest : public testing::Test {
 protected:
  std::vector<std::string> expanded(const std::vector<std::string>& arguments) {
    const auto root = make_command_line(session_);
    const auto result = expand(*root, arguments);
    EXPECT_TRUE(result) << result.error().message;
    return result.value_or(std::vector<std::string>{});
  }
  std::string refusal(const std::vector<std::string>& arguments) {
    const auto root = make_command_line(session_);
    const auto result = expand(*root, arguments);
    EXPECT_FALSE(result);
    return result ? "" : result.error().message;
  }
  std::ostringstream out_;
  std::ostringstream err_;
  Invocation session_{out_, err_};
};

TEST_F(ArgumentsTest, Abbreviations) {
  EXPECT_THAT(expanded({"cr", "-f", "-"}), ElementsAre("create", "-f", "-"));
  EXPECT_THAT(expanded({"wasm", "list", "a", "b"}), ElementsAre("wasm", "list-data", "a", "b"));
  EXPECT_THAT(expanded({"o", "stat", "list"}), ElementsAre("object", "status", "list"));
  EXPECT_THAT(refusal({"ap", "x"}), HasSubstr("ap is ambiguous: apply, apis, api"));
  EXPECT_THAT(expanded({"help", "api"}), ElementsAre("api", "--help")) << "a whole word";
}

TEST_F(ArgumentsTest, ValuesOfOptionsAreNoCommands) {
  EXPECT_THAT(expanded({"-o", "json", "--server", "apply", "ge", "all"}),
              ElementsAre("-o", "json", "--server", "apply", "get", "all"));
  EXPECT_THAT(expanded({"logs", "--tail", "-1"}), ElementsAre("logs", "--tail", "-1"));
}

TEST_F(ArgumentsTest, NamesOfObjectsAreNoCommands) {
  EXPECT_THAT(expanded({"get", "pipeline", "create"}), ElementsAre("get", "pipeline", "create"));
}

TEST_F(ArgumentsTest, HelpWhereItIsWanted) {
  EXPECT_THAT(expanded({}), ElementsAre("--help"));
  EXPECT_THAT(expanded({"help"}), ElementsAre("--help"));
  EXPECT_THAT(expanded({"help", "wasm", "apply"}), ElementsAre("wasm", "apply-data", "--help"));
  EXPECT_THAT(expanded({"wasm"}), ElementsAre("wasm", "--help"));
}

TEST_F(ArgumentsTest, UnknownCommands) {
  EXPECT_THAT(refusal({"crate"}), HasSubstr("unknown command: crate, did you mean \"create\"?"));
  EXPECT_THAT(refusal({"wasm", "nope"}), HasSubstr("unknown command of wasm: nope"));
}

TEST(Run, WrongUseGoesToStandardErrorWithCode2) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"nope"},
                                                    {"get", "--nope"},
                                                    {"-o", "xml", "version"},
                                                    {"completion", "tcsh"}}) {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run(arguments, out, err, false), 2);
    EXPECT_EQ(out.str(), "");
    EXPECT_THAT(err.str(), testing::StartsWith("Error: "));
  }
}

TEST(Run, SaysWhereNoServerAnswers) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run({"health", "--server", "127.0.0.1:1"}, out, err, false), 3);
  EXPECT_THAT(err.str(), HasSubstr("cannot reach the server at 127.0.0.1:1\n"));
  EXPECT_THAT(err.str(), HasSubstr("\n  start it with: sluice-server\n"));
}

TEST(Run, HelpAndVersionSucceed) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"--help"},
                                                    {"help", "logs"},
                                                    {"version"},
                                                    {"completion", "bash"}}) {
    std::ostringstream out;
    std::ostringstream err;
    EXPECT_EQ(run(arguments, out, err, false), 0) << err.str();
    EXPECT_NE(out.str(), "");
  }
}

}  // namespace
}  // namespace sluice::egctl
