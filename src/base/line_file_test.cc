// SPDX-License-Identifier: Apache-2.0
#include "base/line_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>

#include "base/file.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class LineFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "lines-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ + "/sub/a.log"; }
  [[nodiscard]] std::string text(const std::string& name) const {
    return read_file(name, 1 << 20).value_or("absent");
  }

  std::string folder_;
};

// The disk is full beyond so many bytes, for this process.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(LineFileTest, MakesItsFolderAndAppends) {
  EXPECT_EQ(LineFile(path(), 2).append("one\n"), 0U);
  EXPECT_EQ(LineFile(path(), 2).append("two\n"), 0U);
  EXPECT_EQ(text(path()), "one\ntwo\n");
}

TEST_F(LineFileTest, ALineOfAFullDiskIsCompletedBeforeTheNext) {
  LineFile file(path(), 2);
  {
    const FullDisk full(6);
    EXPECT_EQ(file.append("one\ntwo\nthree\nfour\n"), 2U)
        << "two is begun, three and four are lost";
    EXPECT_EQ(file.error(), EFBIG);
    EXPECT_EQ(text(path()), "one\ntw");
    EXPECT_EQ(file.append("five\nsix\n"), 2U);
  }
  EXPECT_EQ(file.append("seven\n"), 0U);
  EXPECT_EQ(file.error(), 0);
  EXPECT_EQ(text(path()), "one\ntwo\nseven\n");
}

TEST_F(LineFileTest, AtTheEndOfALineNoneIsBegun) {
  LineFile file(path(), 2);
  {
    const FullDisk full(4);
    EXPECT_EQ(file.append("one\ntwo\n"), 1U);
    EXPECT_EQ(file.append("three\n"), 1U);
  }
  EXPECT_EQ(file.append("four\n"), 0U);
  EXPECT_EQ(text(path()), "one\nfour\n");
}

TEST_F(LineFileTest, WhatIsMovedIsWrittenUntilReopened) {
  LineFile file(path(), 2);
  fs::rename(path(), path() + ".1");
  EXPECT_EQ(file.append("old\n"), 0U);
  EXPECT_TRUE(file.reopen());
  EXPECT_EQ(file.append("new\n"), 0U);
  EXPECT_EQ(text(path() + ".1"), "old\n");
  EXPECT_EQ(text(path()), "new\n");
}

TEST_F(LineFileTest, WhatIsRemovedIsMadeAnew) {
  LineFile file(path(), 2);
  fs::remove_all(folder_ + "/sub");
  EXPECT_EQ(file.append("again\n"), 0U);
  EXPECT_EQ(text(path()), "again\n");
}

TEST_F(LineFileTest, GoesToTheStandardStreamAsLongAsThereIsNoFile) {
  ASSERT_TRUE(replace_file(folder_ + "/sub", "a file in place of the folder"));
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const Descriptor reads(pipe[0]);
  const Descriptor writes(pipe[1]);
  LineFile file(path(), writes.get());
  EXPECT_EQ(file.error(), ENOTDIR);
  EXPECT_FALSE(file.reopen());
  EXPECT_EQ(file.append("to the stream\n"), 0U);
  std::array<char, 64> got{};
  EXPECT_EQ(::read(reads.get(), got.data(), got.size()), 14);
  fs::remove(folder_ + "/sub");
  EXPECT_EQ(file.append("to the file\n"), 0U);
  EXPECT_EQ(text(path()), "to the file\n");
}

TEST_F(LineFileTest, AnEmptyPathIsTheStandardStream) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  LineFile file("", full.get());
  EXPECT_EQ(file.error(), 0);
  EXPECT_EQ(file.append("one\ntwo\n"), 2U);
  EXPECT_EQ(file.error(), ENOSPC);
}

}  // namespace
}  // namespace sluice
