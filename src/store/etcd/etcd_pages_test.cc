// SPDX-License-Identifier: Apache-2.0
// Covers: page_ranges.cc
// Reads of namespaces of many pages, on a real etcd.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

class EtcdPagesTest : public EtcdMediumTest {
 protected:
  void SetUp() override {
    EtcdMedium::Options options;
    options.etcd = options_;
    options.page_keys_max = 10;
    opened_ = open_on_etcd(std::move(options), cores_.count(), {});
    ASSERT_EQ(opened_.trouble, "");
    prepare();
  }
  void write(const std::set<std::string>& keys) {
    std::vector<Entry> entries;
    for (const std::string& key : keys) entries.push_back({key, "v"});
    const auto written = store().apply(kNs, std::move(entries));
    ASSERT_TRUE(written) << written.error().message;
  }
  std::set<std::string> seen(std::string_view prefix = "") {
    std::set<std::string> keys;
    EXPECT_TRUE(store().scan(kNs, prefix, [&](std::string_view key, std::string_view) {
      EXPECT_TRUE(keys.emplace(key).second) << "twice: " << key;
      return true;
    }));
    return keys;
  }
};

TEST_F(EtcdPagesTest, KeysOfAllKindsAreSeenOnce) {
  std::set<std::string> keys;
  for (int i = 0; i < 700; ++i) keys.insert("id/user" + std::to_string(i));
  for (std::size_t i = 1; i < 120; ++i) keys.insert(std::string(i, 'a'));
  for (int i = 1; i < 256; ++i) keys.insert(std::string("b/") + static_cast<char>(i));
  for (int i = 0; i < 60; ++i) keys.insert("c/" + std::string(100, 'c') + std::to_string(i));
  for (std::size_t i = 1; i < 40; ++i) keys.insert("d/" + std::string(i, '\xff'));
  keys.insert("\xff\xff");
  write(keys);
  EXPECT_EQ(seen(), keys);
  EXPECT_EQ(seen("id/").size(), 700U);
  EXPECT_EQ(seen("d/").size(), 39U);
  EXPECT_EQ(seen("e/").size(), 0U);
}

TEST_F(EtcdPagesTest, AfterTheEndOfTheReadsAReadFailsSoon) {
  write({"a", "b"});
  opened_.medium->end_reads();
  const auto read = opened_.medium->version(kNs);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace sluice::store
