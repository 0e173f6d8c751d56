// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

TEST(Logger, OneCallIsOneLine) {
  const auto path = std::filesystem::path(testing::TempDir()) / "log_test_one_line.log";
  std::filesystem::remove(path);
  {
    const Logger logger = Logger::open(path, false);
    logger.info("a\nforged\tline \x1b[31m %s {}");
    logger.debug("hidden");
    logger.set_level(LogLevel::debug);
    logger.debug("shown");
  }
  const std::string text = read(path);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_NE(text.find("\tINFO\ta\\nforged\\x09line \\x1b[31m %s {}\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\tDEBUG\tshown\n"), std::string::npos);
}

TEST(Logger, ReopenFollowsARotation) {
  const auto path = std::filesystem::path(testing::TempDir()) / "log_test_rotate.log";
  const auto old_path = std::filesystem::path(path.string() + ".1");
  std::filesystem::remove(path);
  {
    const Logger logger = Logger::open(path, false);
    logger.info("before");
    logger.flush();
    std::filesystem::rename(path, old_path);
    logger.reopen();
    logger.info("after");
  }
  EXPECT_NE(read(path).find("after"), std::string::npos);
}

TEST(Logger, DefaultDropsEverything) {
  const Logger logger;
  logger.error("nowhere");
  EXPECT_FALSE(logger.enabled(LogLevel::error));
}

}  // namespace
}  // namespace sluice
