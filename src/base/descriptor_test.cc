// SPDX-License-Identifier: Apache-2.0
#include "base/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

namespace sluice {
namespace {

bool is_open(int number) { return ::fcntl(number, F_GETFD) >= 0; }
int opened() { return ::open("/", O_RDONLY | O_CLOEXEC); }

TEST(Descriptor, ClosesAtItsEnd) {
  std::optional<Descriptor> owner(opened());
  const int number = owner->get();
  ASSERT_TRUE(is_open(number));
  EXPECT_TRUE(owner->is_open());
  owner.reset();
  EXPECT_FALSE(is_open(number));
}

TEST(Descriptor, ReleasesWithoutClosing) {
  Descriptor owner(opened());
  const int number = owner.release();
  EXPECT_FALSE(owner.is_open());
  owner.reset();
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(Descriptor, MovesItsNumber) {
  Descriptor first(opened());
  const int number = first.get();
  Descriptor second(std::move(first));
  EXPECT_EQ(second.get(), number);
  first = std::move(second);
  EXPECT_EQ(first.get(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(Descriptor, AssignmentClosesTheOldOneAtOnce) {
  Descriptor owner(opened());
  const int old = owner.get();
  Descriptor other(opened());
  const int number = other.get();
  owner = std::move(other);
  EXPECT_FALSE(is_open(old));
  EXPECT_EQ(owner.get(), number);
  Descriptor& same = owner;
  owner = std::move(same);
  EXPECT_TRUE(is_open(owner.get()));
}

TEST(Descriptor, ReportsAFailedClose) {
  Descriptor none;
  EXPECT_TRUE(none.close());
  Descriptor owner(opened());
  EXPECT_TRUE(owner.close());
  EXPECT_FALSE(owner.is_open());
  Descriptor broken(opened());
  ::close(broken.get());
  EXPECT_FALSE(broken.close());
  EXPECT_EQ(errno, EBADF);
  EXPECT_FALSE(broken.is_open());
}

}  // namespace
}  // namespace sluice
