// SPDX-License-Identifier: Apache-2.0
#include "filters/file_server/disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sluice::filters {
namespace {

namespace fs = std::filesystem;

// A folder with a secret beside it.
class DiskTest : public ::testing::Test {
 protected:
  DiskTest() {
    std::string name = (fs::temp_directory_path() / "disk-test-XXXXXX").string();
    base_ = ::mkdtemp(name.data());
    fs::create_directories(base_ / "www/d");
    fs::create_directories(base_ / "www2");
    write("secret", "secret");
    write("www2/secret", "secret");
    write("www/a.txt", "0123456789");
    write("www/d/b.txt", "b");
  }
  ~DiskTest() override { fs::remove_all(base_); }

  void write(const std::string& path, const std::string& text) const {
    std::ofstream(base_ / path) << text;
  }
  [[nodiscard]] DiskAnswer open(const std::string& path) const {
    const Opened root = open_root((base_ / "www").string(), DiskWait::allowed);
    return open_beneath(root.file.file, path, DiskWait::allowed).answer;
  }

  fs::path base_;
};

TEST_F(DiskTest, OpensFilesAndFolders) {
  const Opened root = open_root((base_ / "www").string(), DiskWait::allowed);
  ASSERT_EQ(root.answer, DiskAnswer::found);
  const Opened file = open_beneath(root.file.file, "/a.txt", DiskWait::allowed);
  ASSERT_EQ(file.answer, DiskAnswer::found);
  EXPECT_EQ(file.file.size, 10U);
  EXPECT_GT(file.file.modified_ns, 0);
  EXPECT_FALSE(file.file.is_folder);
  EXPECT_TRUE(open_beneath(root.file.file, "/", DiskWait::allowed).file.is_folder);
  EXPECT_TRUE(open_beneath(root.file.file, "/d", DiskWait::allowed).file.is_folder);
  EXPECT_EQ(open("/d/b.txt"), DiskAnswer::found);
}

TEST_F(DiskTest, OpensPlainlyWhatHasNoLinkOnItsWay) {
  const auto plainly = [&](const std::string& root, const std::string& path) {
    return open_plainly((base_ / root).string(), path, DiskWait::allowed);
  };
  fs::create_symlink("www", base_ / "current");
  fs::create_symlink("a.txt", base_ / "www/inside");
  fs::create_symlink("../secret", base_ / "www/out");
  fs::create_symlink("d", base_ / "www/folder");
  ASSERT_TRUE(plainly("www", "/a.txt"));
  EXPECT_EQ(plainly("www", "/a.txt")->answer, DiskAnswer::found);
  EXPECT_EQ(plainly("www", "/a.txt")->file.size, 10U);
  EXPECT_TRUE(plainly("www", "/")->file.is_folder);
  EXPECT_EQ(plainly("www", "/none")->answer, DiskAnswer::absent);
  EXPECT_EQ(plainly("none", "/a.txt")->answer, DiskAnswer::absent);
  EXPECT_EQ(plainly("secret", "/a.txt")->answer, DiskAnswer::absent);
  for (const auto* path : {"/inside", "/out", "/folder/b.txt", "/../secret", "/d/../a.txt"})
    EXPECT_FALSE(plainly("www", path)) << path;
  EXPECT_FALSE(plainly("current", "/a.txt"));
}

TEST_F(DiskTest, NothingLeadsOutOfTheRoot) {
  fs::create_symlink(base_ / "secret", base_ / "www/absolute");
  fs::create_symlink("../secret", base_ / "www/relative");
  fs::create_symlink("..", base_ / "www/up");
  fs::create_symlink("/proc/self/root", base_ / "www/magic");
  fs::create_symlink("d/b.txt", base_ / "www/inside");
  for (const auto path : {"/../secret", "/d/../../secret", "/absolute", "/relative", "/up/secret",
                          "/../www2/secret", "/magic/etc/passwd", "//etc/passwd"})
    EXPECT_EQ(open(path), DiskAnswer::absent) << path;
  EXPECT_EQ(open("/inside"), DiskAnswer::found);
}

TEST_F(DiskTest, OnlyRegularFilesAndFoldersAreThere) {
  ASSERT_EQ(::mkfifo((base_ / "www/pipe").c_str(), 0600), 0);
  fs::create_symlink("loop", base_ / "www/loop");
  for (const auto path : {"/pipe", "/loop", "/none", "/a.txt/b", "/a.txt/"})
    EXPECT_EQ(open(path), DiskAnswer::absent) << path;
  EXPECT_EQ(open("/" + std::string(5000, 'a')), DiskAnswer::absent);
  EXPECT_EQ(open_root((base_ / "none").string(), DiskWait::allowed).answer, DiskAnswer::absent);
  EXPECT_EQ(open_root((base_ / "secret").string(), DiskWait::allowed).answer, DiskAnswer::absent);
}

// Whether a name is in the memory of the kernel is not ours to say; but it is after a look.
TEST_F(DiskTest, MayRefuseToWait) {
  EXPECT_EQ(open("/a.txt"), DiskAnswer::found);
  const Opened root = open_root((base_ / "www").string(), DiskWait::never);
  if (root.answer == DiskAnswer::would_wait) GTEST_SKIP() << "the kernel cannot tell";
  ASSERT_EQ(root.answer, DiskAnswer::found);
  const auto answer = open_beneath(root.file.file, "/a.txt", DiskWait::never).answer;
  EXPECT_TRUE(answer == DiskAnswer::found || answer == DiskAnswer::would_wait);
}

TEST_F(DiskTest, ReadsParts) {
  const Opened root = open_root((base_ / "www").string(), DiskWait::allowed);
  const Opened opened = open_beneath(root.file.file, "/a.txt", DiskWait::allowed);
  std::string text(4, '-');
  DiskRead read = read_at(opened.file.file, 3, text, DiskWait::allowed);
  EXPECT_EQ(read.answer, DiskAnswer::found);
  EXPECT_EQ(text, "3456");
  read = read_at(opened.file.file, 8, text, DiskWait::allowed);
  EXPECT_EQ(read.size, 2U);
  EXPECT_EQ(text.substr(0, 2), "89");
  EXPECT_EQ(read_at(opened.file.file, 10, text, DiskWait::allowed).size, 0U);
  EXPECT_EQ(read_at(Descriptor(), 0, text, DiskWait::allowed).answer, DiskAnswer::unavailable);
  EXPECT_EQ(read_at(root.file.file, 0, text, DiskWait::allowed).answer, DiskAnswer::unavailable);
}

TEST_F(DiskTest, TellsWhatIsInMemory) {
  constexpr std::size_t kSize = std::size_t{4} << 20;
  write("large", std::string(kSize, 'x'));
  const Descriptor file(::open((base_ / "large").c_str(), O_RDONLY));
  ASSERT_TRUE(bring_into_memory(file, 0, kSize));
  if (!in_memory(file, 0, 1)) GTEST_SKIP() << "the kernel cannot tell";
  EXPECT_TRUE(in_memory(file, 0, kSize));
  EXPECT_TRUE(in_memory(file, 1000, kSize - 1000));
  EXPECT_FALSE(in_memory(file, 0, kSize + 1)) << "there is no such byte";
  EXPECT_FALSE(in_memory(file, kSize, 1));
  EXPECT_FALSE(bring_into_memory(file, 0, kSize + 1));
  EXPECT_FALSE(bring_into_memory(Descriptor(), 0, 1));

  ASSERT_EQ(::fsync(file.get()), 0);
  ASSERT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
  if (in_memory(file, 0, 1)) GTEST_SKIP() << "the file is nowhere but in memory";
  EXPECT_TRUE(bring_into_memory(file, 0, 1));
  EXPECT_TRUE(bring_into_memory(file, kSize - 1, 1));
  EXPECT_TRUE(in_memory(file, 0, 1));
  EXPECT_TRUE(in_memory(file, kSize - 1, 1));
  EXPECT_FALSE(in_memory(file, 0, kSize)) << "the middle is missing";
  EXPECT_TRUE(bring_into_memory(file, 0, kSize));
  EXPECT_TRUE(in_memory(file, 0, kSize));
}

TEST_F(DiskTest, ThisKernelCanOpenBeneath) { EXPECT_TRUE(can_open_beneath()); }

}  // namespace
}  // namespace sluice::filters
