// SPDX-License-Identifier: Apache-2.0
#include "base/read_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace sluice {
namespace {

namespace fs = std::filesystem;

class ReadFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "read-file-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string file(const std::string& text) {
    std::ofstream(path("f"), std::ios::binary) << text;
    return path("f");
  }
  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }

 private:
  fs::path folder_;
};

TEST_F(ReadFile, GivesAllBytes) {
  for (const std::size_t size : {0U, 1U, 65535U, 65536U, 65537U, 200000U}) {
    const std::string text(size, '\xff');
    EXPECT_EQ(read_file(file(text), 200000), text) << size;
  }
}

TEST_F(ReadFile, StopsAtTheBound) {
  EXPECT_EQ(read_file(file("12345"), 5), "12345");
  const auto read = read_file(file("123456"), 5);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::too_large);
}

TEST_F(ReadFile, NamesWhatIsNotThere) {
  const auto read = read_file(path("none"), 5);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::not_found);
  EXPECT_NE(read.error().message.find(path("none")), std::string::npos);
}

// A stream would throw for a folder, and would block until a process writes into a pipe.
TEST_F(ReadFile, RefusesWhatIsNoFile) {
  fs::create_directory(path("folder"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  for (const std::string& other : {path("folder"), path("pipe"), std::string("/dev/zero")}) {
    const auto read = read_file(other, 5);
    ASSERT_FALSE(read) << other;
    EXPECT_EQ(read.error().kind, ErrorKind::invalid) << other;
  }
}

}  // namespace
}  // namespace sluice
