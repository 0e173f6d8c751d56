// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/descriptor.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "file-XXXXXX").string();
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

using ReadFile = Files;
using ReplaceFile = Files;

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

// `--config-file <(command)`: the writer may come later.
TEST_F(ReadFile, ReadsAPipeIfItMay) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path("pipe")) << "12345"; });
  EXPECT_EQ(read_file(path("pipe"), 5, FileKind::any), "12345");
  writer.join();
  EXPECT_EQ(read_file("/dev/zero", 5, FileKind::any).error().kind, ErrorKind::too_large);
  EXPECT_EQ(read_file("/", 5, FileKind::any).error().kind, ErrorKind::unavailable);
}

TEST_F(ReplaceFile, ReplacesTheWholeFile) {
  for (const bool sync : {true, false}) {
    const std::string old = file("an old and longer text");
    ASSERT_TRUE(replace_file(old, "new", {.sync = sync}));
    EXPECT_EQ(read_file(old, 100), "new");
    EXPECT_FALSE(fs::exists(old + ".new"));
  }
}

TEST_F(ReplaceFile, SetsTheMode) {
  const auto mode_of = [this](unsigned mode) {
    EXPECT_TRUE(replace_file(path("f"), "x", {.mode = mode}));
    return static_cast<unsigned>(fs::status(path("f")).permissions());
  };
  EXPECT_EQ(mode_of(0600), 0600U);
  EXPECT_EQ(mode_of(0400), 0400U);
}

// A leftover of a crash may be a link to another file, or readable for anybody.
TEST_F(ReplaceFile, WritesThroughNoLeftover) {
  const std::string other = file("other");
  fs::create_symlink(other, path("g.new"));
  ASSERT_TRUE(replace_file(path("g"), "secret"));
  EXPECT_EQ(read_file(other, 100), "other");
  EXPECT_EQ(read_file(path("g"), 100), "secret");
  EXPECT_FALSE(fs::is_symlink(path("g")));
}

TEST_F(ReplaceFile, KeepsTheOldFileIfItFails) {
  fs::create_directory(path("folder"));
  fs::create_directory(path("folder/inside"));
  const auto done = replace_file(path("folder"), "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(done.error().message.starts_with(path("folder") + " cannot be written: "));
  EXPECT_FALSE(fs::exists(path("folder.new")));
  const auto nowhere = replace_file(path("none/f"), "x");
  ASSERT_FALSE(nowhere);
  EXPECT_TRUE(nowhere.error().message.starts_with(path("none/f.new") + " cannot be written: "));
}

TEST_F(ReplaceFile, TakesAnotherSuffix) {
  ASSERT_TRUE(replace_file(path("f"), "x", {.suffix = ".a"}));
  fs::create_directory(path("f.b"));
  fs::create_directory(path("f.b/c"));
  EXPECT_FALSE(replace_file(path("f"), "y", {.suffix = ".b"}));
  EXPECT_EQ(read_file(path("f"), 100), "x");
}

TEST(WriteAll, WritesAllOrSaysWhyNot) {
  // A pipe takes 64 KiB at once.
  const std::string bytes(300'000, 'x');
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  std::string read;
  std::thread reader([&] {
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; (count = ::read(out.get(), buffer.data(), buffer.size())) > 0;)
      read.append(buffer.data(), static_cast<std::size_t>(count));
  });
  EXPECT_TRUE(write_all(in.get(), bytes));
  in.reset();
  reader.join();
  EXPECT_EQ(read, bytes);
  EXPECT_FALSE(write_all(out.get(), "x"));
  EXPECT_EQ(errno, EBADF);
  EXPECT_TRUE(write_all(-1, ""));
}

TEST_F(Files, SyncsFoldersOnly) {
  EXPECT_TRUE(sync_directory(fs::path(path("f")).parent_path()));
  EXPECT_FALSE(sync_directory(file("x")));
  EXPECT_FALSE(sync_directory(path("none")));
}

}  // namespace
}  // namespace sluice
