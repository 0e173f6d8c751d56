// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/host_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::filters {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HostContext, ARunThatIsUndoneLeavesNoLines) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "host_context_test.log";
  std::filesystem::remove(path);
  {
    const Logger logger = Logger::open(path, false);
    LogGate gate(10);
    std::mt19937_64 random;
    HostContext context(logger, gate, random);
    context.log(LogLevel::info, "undone");
    context.restart();
    context.log(LogLevel::info, "counts");
    context.flush_logs("shop/wasm");
    context.flush_logs("again");
  }
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("shop/wasm: counts"));
  EXPECT_THAT(text.str(), Not(HasSubstr("undone")));
  EXPECT_THAT(text.str(), Not(HasSubstr("again")));
}

TEST(HostContext, TheLastLineSaysHowManyAreLeftOut) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "host_context_left_out.log";
  std::filesystem::remove(path);
  {
    const Logger logger = Logger::open(path, false);
    LogGate gate(100);
    std::mt19937_64 random;
    HostContext context(logger, gate, random);
    for (int i = 1; i <= 35; ++i) context.log(LogLevel::info, "line " + std::to_string(i));
    context.flush_logs("shop/wasm");
    context.log(LogLevel::info, "next run");
    context.flush_logs("shop/wasm");
  }
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("line 32 (3 lines left out after it)\n"));
  EXPECT_THAT(text.str(), HasSubstr("next run\n"));
}

}  // namespace
}  // namespace sluice::filters
