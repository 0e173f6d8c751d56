// SPDX-License-Identifier: Apache-2.0
#include "net/memory_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace sluice::net {
namespace {

TEST(MemoryFile, IsReadAsItWasWritten) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3} << 20}) {
    const std::string text(size, 'x');
    const auto file = write_memory_file(text);
    ASSERT_TRUE(file);
    const auto read = read_memory_file(*file);
    ASSERT_TRUE(read);
    EXPECT_TRUE(*read == text);
    EXPECT_TRUE(*read_memory_file(*file) == text) << "as often as one likes";
  }
}

TEST(MemoryFile, HasALimit) {
  const auto file = write_memory_file("");
  ASSERT_TRUE(file);
  ASSERT_EQ(::ftruncate(file->get(), static_cast<off_t>(kMemoryFileBytesMax) + 1), 0);
  const auto read = read_memory_file(*file);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::too_large);
}

TEST(MemoryFile, OfWhatIsNoFile) { EXPECT_FALSE(read_memory_file(Descriptor())); }

}  // namespace
}  // namespace sluice::net
