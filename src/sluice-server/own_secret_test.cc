// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/own_secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "control/testing/process.h"

namespace sluice::server_program {
namespace {

using control::testing::Folder;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777;
}

TEST(OwnSecret, IsMadeOnceAndIsForItsOwnerOnly) {
  const Folder folder;
  const std::string path = folder.path() + "/secret";
  const auto first = own_secret(path);
  ASSERT_TRUE(first);
  EXPECT_THAT(*first, testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(*own_secret(path), *first);
  const Folder other;
  EXPECT_NE(*own_secret(other.path() + "/secret"), *first);
}

TEST(OwnSecret, WhatIsNoneIsReplaced) {
  const Folder folder;
  const std::string path = folder.path() + "/secret";
  // A leftover of a process that was killed during a write. Other users may read it.
  std::ofstream(path + ".new") << "half";
  for (const std::string text : {"", "short", "zz", "00ff"}) {
    std::ofstream(path) << text;
    const auto secret = own_secret(path);
    ASSERT_TRUE(secret) << text;
    EXPECT_EQ(secret->size(), 64U);
    EXPECT_EQ(*own_secret(path), *secret);
    EXPECT_EQ(mode_of(path), 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(OwnSecret, AFolderThatIsNotThereIsNamed) {
  const auto secret = own_secret("/nowhere/secret");
  ASSERT_FALSE(secret);
  EXPECT_THAT(secret.error().message, testing::HasSubstr("/nowhere/secret"));
}

}  // namespace
}  // namespace sluice::server_program
