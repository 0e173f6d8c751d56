// SPDX-License-Identifier: Apache-2.0
#include "base/file_mark.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

namespace sluice {
namespace {

class FileMarkTest : public ::testing::Test {
 protected:
  FileMarkTest()
      : path_(
            (std::filesystem::temp_directory_path() / ("sluice-mark-" + std::to_string(::getpid())))
                .string()) {}
  ~FileMarkTest() override {
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + ".new");
  }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
    const std::array<timespec, 2> times{timespec{1, 0}, timespec{1, 0}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
  }
  // A look long after the last change. Returns after the next tick of the clock of files.
  [[nodiscard]] FileMark settled() const {
    const FileMark mark = FileMark::of(path_, unix_time_ms() + 60'000);
    const auto ticks = [] {
      timespec now{};
      ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
      return std::pair(now.tv_sec, now.tv_nsec);
    };
    const auto before = ticks();
    while (ticks() == before) std::this_thread::yield();
    return mark;
  }

  const std::string path_;
};

TEST_F(FileMarkTest, SeesChangesOfTheSameSizeAndTime) {
  write(path_, "one");
  const FileMark first = settled();
  EXPECT_TRUE(FileMark::of(path_).shows_no_change_since(first));
  write(path_, "two");  // in place
  EXPECT_FALSE(FileMark::of(path_).shows_no_change_since(first));
  const FileMark second = settled();
  write(path_ + ".new", "six");
  std::filesystem::rename(path_ + ".new", path_);
  EXPECT_FALSE(FileMark::of(path_).shows_no_change_since(second));
}

TEST_F(FileMarkTest, AYoungFileMayHaveChanged) {
  write(path_, "one");
  EXPECT_FALSE(FileMark::of(path_).shows_no_change_since(FileMark::of(path_, 0)));
  EXPECT_TRUE(FileMark::of(path_).shows_no_change_since(settled()));
}

TEST_F(FileMarkTest, AnAbsentFileIsNeverUnchanged) {
  EXPECT_FALSE(FileMark::of(path_).shows_no_change_since(FileMark()));
  write(path_, "one");
  const FileMark there = settled();
  std::filesystem::remove(path_);
  EXPECT_FALSE(FileMark::of(path_).shows_no_change_since(there));
}

}  // namespace
}  // namespace sluice
