// SPDX-License-Identifier: Apache-2.0
#include "base/memory_size.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

TEST(MemorySize, ReadsNumbersWithUnits) {
  EXPECT_EQ(parse_memory_size("0"), 0U);
  EXPECT_EQ(parse_memory_size("1048576"), 1048576U);
  EXPECT_EQ(parse_memory_size("512KiB"), 512U << 10);
  EXPECT_EQ(parse_memory_size("64MiB"), 64U << 20);
  EXPECT_EQ(parse_memory_size("64M"), 64U << 20);
  EXPECT_EQ(parse_memory_size("64 MB"), 64U << 20);
  EXPECT_EQ(parse_memory_size("2GiB"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_memory_size("1Ti"), std::uint64_t{1} << 40);
}

TEST(MemorySize, RefusesWhatIsNone) {
  for (const char* text : {"", "x", "-1", "1.5GiB", "1X", "1Gib!", "MiB", "99999999999999999999",
                           "99999999TiB", " 1", "1  MiB"})
    EXPECT_FALSE(parse_memory_size(text)) << text;
}

TEST(MemorySize, IsShownAsPeopleWriteIt) {
  EXPECT_EQ(format_memory_size(900), "900 B");
  EXPECT_EQ(format_memory_size(std::uint64_t{2} << 30), "2 GiB");
  EXPECT_EQ(format_memory_size((3U << 20) / 2), "1.5 MiB");
}

class AvailableMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "memory_size_" + std::to_string(getpid());
    write("/proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::string root_;
};

TEST_F(AvailableMemory, IsTheMachinesWithoutAGroup) {
  EXPECT_EQ(available_memory(root_), std::uint64_t{8} << 30);
}

TEST_F(AvailableMemory, IsTheLeastLimitOfTheGroupsAround) {
  write("/proc/self/cgroup", "0::/system.slice/sluice.service\n");
  write("/sys/fs/cgroup/system.slice/sluice.service/memory.max", "max\n");
  EXPECT_EQ(available_memory(root_), std::uint64_t{8} << 30);
  write("/sys/fs/cgroup/system.slice/memory.max", "1073741824\n");
  EXPECT_EQ(available_memory(root_), std::uint64_t{1} << 30);
  write("/sys/fs/cgroup/system.slice/sluice.service/memory.max", "536870912\n");
  EXPECT_EQ(available_memory(root_), std::uint64_t{512} << 20);
}

TEST_F(AvailableMemory, KnowsGroupsOfVersionOne) {
  write("/proc/self/cgroup", "5:cpu:/\n4:memory:/a\n0::/\n");
  write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "268435456\n");
  EXPECT_EQ(available_memory(root_), std::uint64_t{256} << 20);
}

// In a container, the group's path is that of the host, and its files are at the root.
TEST_F(AvailableMemory, FindsTheLimitAtTheRootOfAContainer) {
  write("/proc/self/cgroup", "4:memory:/docker/0123\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n");
  EXPECT_EQ(available_memory(root_), std::uint64_t{128} << 20);
}

}  // namespace
}  // namespace sluice
