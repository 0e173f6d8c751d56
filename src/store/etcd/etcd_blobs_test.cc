// SPDX-License-Identifier: Apache-2.0
// Covers: documents.cc blobs.cc
// Code that members share, on a real etcd.
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "store/blobs.h"
#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

class EtcdBlobsTest : public EtcdMediumTest {
 protected:
  void SetUp() override {
    open();
    two_ = member("two");
    ASSERT_EQ(two_.trouble, "");
  }
  // With bytes of all values, in several pieces.
  static std::string code() {
    std::string bytes(2 * Blobs::kPieceBytes + 1000, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
    return bytes;
  }
  EtcdStore two_;
};

TEST_F(EtcdBlobsTest, WhatOneMemberPutsAnotherLoads) {
  const std::string bytes = code();
  const std::string hash = sha256_hex(bytes);
  ASSERT_TRUE(Blobs(store()).put(hash, bytes));
  const auto loaded = Blobs(*two_.store).load(hash);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(*loaded == bytes);
  EXPECT_TRUE(Blobs(*two_.store).hold(hash));
}

TEST_F(EtcdBlobsTest, BothPutTheSame) {
  const std::string bytes = code();
  const std::string hash = sha256_hex(bytes);
  std::thread other([&] { EXPECT_TRUE(Blobs(*two_.store).put(hash, bytes)); });
  EXPECT_TRUE(Blobs(store()).put(hash, bytes));
  other.join();
  const auto loaded = Blobs(store()).load(hash);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(*loaded == bytes);
}

TEST_F(EtcdBlobsTest, WhoeverIsFirstClears) {
  const std::string bytes = code();
  const std::string hash = sha256_hex(bytes);
  ASSERT_TRUE(Blobs(store()).put(hash, bytes));
  const auto late = Blobs(store()).hold(hash);
  ASSERT_TRUE(late);
  const auto none = []() -> Result<std::set<std::string>> { return std::set<std::string>(); };
  for (Store* its : {two_.store.get(), opened_.store.get()}) {
    Blobs::UnusedBlobs unused;
    EXPECT_TRUE(Blobs(*its).clear(unused, Duration::zero(), none));
  }
  EXPECT_EQ(Blobs(store()).load(hash).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(store().documents("blobs/" + hash)->entries.empty());
  const std::vector<DocumentChange> change{*late, {"objects", "a", "1", 0}};
  EXPECT_FALSE(store().change_documents(change)) << "an object without its code";
}

}  // namespace
}  // namespace sluice::store
