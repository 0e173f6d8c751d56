// SPDX-License-Identifier: Apache-2.0
#include "admin/log_tail.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sluice::admin {
namespace {

class LogTailTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }
  void TearDown() override { std::filesystem::remove(path_); }
  void append(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }
  std::string tail(std::int64_t lines) {
    auto tail = LogTail::open(path_, lines);
    EXPECT_TRUE(tail);
    return all(*tail);
  }
  static std::string all(LogTail& tail) {
    std::string out;
    while (tail.read(out)) continue;
    return out;
  }
  std::string path_ = testing::TempDir() + "log_tail_test_" + std::to_string(::getpid());
};

TEST_F(LogTailTest, LastLines) {
  append("one\ntwo\nthree\n");
  EXPECT_EQ(tail(1), "three\n");
  EXPECT_EQ(tail(2), "two\nthree\n");
  EXPECT_EQ(tail(3), "one\ntwo\nthree\n");
  EXPECT_EQ(tail(9), "one\ntwo\nthree\n");
  EXPECT_EQ(tail(-1), "one\ntwo\nthree\n");
  EXPECT_EQ(tail(0), "");
}

TEST_F(LogTailTest, AcrossBlocks) {
  const std::string line(1000, 'x');
  std::string last;
  for (int i = 0; i < 300; ++i) {
    const std::string numbered = std::to_string(i) + line + "\n";
    append(numbered);
    if (i >= 100) last += numbered;
  }
  EXPECT_EQ(tail(200), last);
}

TEST_F(LogTailTest, FollowsAndReopens) {
  append("one\n");
  auto tail = LogTail::open(path_, 0);
  ASSERT_TRUE(tail);
  EXPECT_EQ(all(*tail), "");
  append("two\n");
  EXPECT_EQ(all(*tail), "two\n");
  append("three\n");
  std::filesystem::rename(path_, path_ + ".1");
  append("four\n");
  EXPECT_EQ(all(*tail), "three\nfour\n");
  std::filesystem::remove(path_ + ".1");
  std::filesystem::resize_file(path_, 0);
  append("5\n");
  EXPECT_EQ(all(*tail), "5\n");
}

TEST_F(LogTailTest, NoFile) { EXPECT_FALSE(LogTail::open(path_, 1)); }

}  // namespace
}  // namespace sluice::admin
