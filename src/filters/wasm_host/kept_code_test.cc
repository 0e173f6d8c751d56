// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/kept_code.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/encoding.h"

namespace sluice::filters {
namespace {

namespace fs = std::filesystem;

class KeptCodeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-kept-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    home_ = name;
  }
  void TearDown() override { fs::remove_all(home_); }
  [[nodiscard]] std::string folder() const { return home_ + "/code"; }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder()), fs::directory_iterator()));
  }

  std::string home_;
  const std::string bytes_ = std::string("some\0code", 9);
  const std::string hash_ = sha256_hex(bytes_);
};

TEST_F(KeptCodeTest, OutlivesTheObject) {
  ASSERT_TRUE(KeptCode(folder()).keep(hash_, bytes_));
  EXPECT_EQ(KeptCode(folder()).load(hash_).value(), bytes_);
  EXPECT_EQ(KeptCode(folder()).load(sha256_hex("other")).error().kind, ErrorKind::not_found);
  const auto mode = fs::status(folder()).permissions();
  EXPECT_EQ(mode, fs::perms::owner_all) << "the code may hold secrets";
}

TEST_F(KeptCodeTest, ADamagedCopyIsNoticedAndMendedByTheNextKeep) {
  KeptCode kept(folder());
  ASSERT_TRUE(kept.keep(hash_, bytes_));
  std::ofstream(folder() + "/" + hash_ + ".wasm") << "half";
  const auto damaged = kept.load(hash_);
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().message.find("is damaged"), std::string::npos);
  ASSERT_TRUE(kept.keep(hash_, bytes_));
  EXPECT_EQ(kept.load(hash_).value(), bytes_);
}

TEST_F(KeptCodeTest, SweepsWhatNobodyWants) {
  KeptCode kept(folder());
  const std::string wanted = sha256_hex("wanted");
  auto held = *kept.keep(hash_, bytes_);
  ASSERT_TRUE(kept.keep(wanted, "wanted"));
  ASSERT_TRUE(kept.keep(sha256_hex("old"), "old"));
  std::ofstream(folder() + "/" + wanted + ".wasm.new") << "left by a crash";
  kept.sweep({wanted});
  EXPECT_TRUE(kept.load(hash_) && kept.load(wanted));
  EXPECT_EQ(files(), 2U);
  held.reset();
  kept.sweep({wanted});
  EXPECT_FALSE(kept.load(hash_));
  EXPECT_TRUE(kept.load(wanted));
}

TEST_F(KeptCodeTest, SaysWhyItCannotKeep) {
  KeptCode kept(home_ + "/not/there");
  const auto failed = kept.keep(hash_, bytes_);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("/not/there"), std::string::npos);
}

TEST_F(KeptCodeTest, WithoutAFolderNothingIsKept) {
  KeptCode kept("");
  EXPECT_TRUE(kept.keep(hash_, bytes_));
  EXPECT_FALSE(kept.load(hash_));
  kept.sweep({});
}

}  // namespace
}  // namespace sluice::filters
