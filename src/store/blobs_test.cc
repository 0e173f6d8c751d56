// SPDX-License-Identifier: Apache-2.0
#include "store/blobs.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/encoding.h"

namespace sluice::store {
namespace {

class BlobsTest : public testing::Test {
 protected:
  // Bytes of `pieces` pieces, the last of which is short.
  static std::string bytes_of(std::size_t pieces, char seed = 'a') {
    std::string bytes(pieces * Blobs::kPieceBytes - 17, seed);
    for (std::size_t i = 0; i < bytes.size(); i += 1000) bytes[i] = static_cast<char>(i / 1000);
    return bytes;
  }
  std::size_t documents() {
    const auto indexes = store_->documents("blobs");
    std::size_t count = indexes->entries.size();
    for (const Document& index : indexes->entries)
      count += store_->documents("blobs/" + index.key)->entries.size();
    return count;
  }
  Result<void> clear(std::set<std::string> used, Duration grace = Duration::zero()) {
    return blobs_.clear(unused_, grace,
                        [&used]() -> Result<std::set<std::string>> { return used; });
  }

  std::unique_ptr<Store> store_ = open_memory_store(1);
  Blobs blobs_{*store_};
  Blobs::UnusedBlobs unused_;
};

TEST_F(BlobsTest, WhatIsPutComesBack) {
  for (const std::string& bytes : {std::string("\0asm", 4), bytes_of(1), bytes_of(3)}) {
    const std::string hash = sha256_hex(bytes);
    EXPECT_EQ(blobs_.load(hash).error().kind, ErrorKind::not_found);
    EXPECT_EQ(blobs_.hold(hash).error().kind, ErrorKind::not_found);
    ASSERT_TRUE(blobs_.put(hash, bytes));
    EXPECT_EQ(blobs_.load(hash), bytes);
    const Version before = store_->documents("blobs")->version;
    ASSERT_TRUE(blobs_.put(hash, bytes));
    EXPECT_EQ(store_->documents("blobs")->version, before) << "it is there";
  }
}

TEST_F(BlobsTest, ABlobInPartIsNotThere) {
  const std::string bytes = bytes_of(3);
  const std::string hash = sha256_hex(bytes);
  const std::vector<DocumentChange> part{
      {"blobs", hash, R"({"bytes": )" + std::to_string(bytes.size()) + R"(, "pieces": 1})", {}},
      {"blobs/" + hash, "0000", bytes.substr(0, Blobs::kPieceBytes), {}}};
  ASSERT_TRUE(store_->change_documents(part));
  EXPECT_EQ(blobs_.load(hash).error().kind, ErrorKind::not_found);
  EXPECT_EQ(blobs_.hold(hash).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(blobs_.put(hash, bytes)) << "another goes on";
  EXPECT_EQ(blobs_.load(hash), bytes);
}

TEST_F(BlobsTest, DamageIsFound) {
  const std::string bytes = bytes_of(2);
  const std::string hash = sha256_hex(bytes);
  ASSERT_TRUE(blobs_.put(hash, bytes));
  ASSERT_TRUE(store_->change_documents(
      std::vector<DocumentChange>{{"blobs/" + hash, "0001", "other", {}}}));
  EXPECT_EQ(blobs_.load(hash).error().kind, ErrorKind::internal);
}

TEST_F(BlobsTest, TooMuchIsRefused) {
  const std::string bytes(Blobs::kBytesMax + 1, 'x');
  EXPECT_EQ(blobs_.put("hash", bytes).error().kind, ErrorKind::too_large);
  EXPECT_EQ(documents(), 0U);
}

TEST_F(BlobsTest, AllTogetherHaveABound) {
  const std::string index =
      R"({"bytes": )" + std::to_string(Blobs::kBytesMax) + R"(, "pieces": 1})";
  std::vector<DocumentChange> others;
  for (std::size_t i = 0; i < Blobs::kAllBytesMax / Blobs::kBytesMax; ++i)
    others.push_back({"blobs", "other" + std::to_string(i), index, {}});
  ASSERT_TRUE(store_->change_documents(others));
  const std::string small = bytes_of(1);
  EXPECT_TRUE(blobs_.put(sha256_hex(small), small)) << "there is room for it";
  const std::string large(Blobs::kBytesMax, 'x');
  EXPECT_EQ(blobs_.put(sha256_hex(large), large).error().kind, ErrorKind::too_large);
  EXPECT_EQ(blobs_.load(sha256_hex(large)).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(blobs_.put(sha256_hex(small), small)) << "it is there";
  others.resize(1);
  others.front().value.reset();
  ASSERT_TRUE(store_->change_documents(others));
  EXPECT_TRUE(blobs_.put(sha256_hex(large), large));
}

TEST_F(BlobsTest, ManyPutTheSame) {
  const std::string bytes = bytes_of(8);
  const std::string hash = sha256_hex(bytes);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(Blobs(*store_).put(hash, bytes)); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(blobs_.load(hash), bytes);
}

TEST_F(BlobsTest, UnusedBlobsAreCleared) {
  const std::string used = bytes_of(1, 'u');
  const std::string unused = bytes_of(3, 'v');
  ASSERT_TRUE(blobs_.put(sha256_hex(used), used));
  ASSERT_TRUE(blobs_.put(sha256_hex(unused), unused));
  ASSERT_TRUE(clear({sha256_hex(used)}, std::chrono::hours(1)));
  EXPECT_TRUE(blobs_.load(sha256_hex(unused))) << "only after a while";
  ASSERT_TRUE(clear({sha256_hex(used)}));
  EXPECT_EQ(blobs_.load(sha256_hex(unused)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(blobs_.load(sha256_hex(used)), used);
  EXPECT_EQ(documents(), 2U) << "no piece stays";
  EXPECT_TRUE(store_->documents("blobs/" + sha256_hex(unused))->entries.empty());
}

// A change that names the blob, and clear(): the first one wins.
TEST_F(BlobsTest, AHeldBlobIsNotCleared) {
  const std::string bytes = bytes_of(2);
  const std::string hash = sha256_hex(bytes);
  ASSERT_TRUE(blobs_.put(hash, bytes));
  const auto late = blobs_.hold(hash);
  const auto held = blobs_.clear(unused_, Duration::zero(), [&]() -> Result<std::set<std::string>> {
    EXPECT_TRUE(store_->change_documents(std::vector<DocumentChange>{*blobs_.hold(hash)}));
    return std::set<std::string>();
  });
  ASSERT_TRUE(held);
  EXPECT_EQ(blobs_.load(hash), bytes);
  ASSERT_TRUE(clear({}));
  EXPECT_FALSE(store_->change_documents(std::vector<DocumentChange>{*late}));
}

}  // namespace
}  // namespace sluice::store
