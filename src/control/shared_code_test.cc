// SPDX-License-Identifier: Apache-2.0
#include "control/shared_code.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/announcement.h"
#include "store/testing/shared_store.h"

namespace sluice::control {
namespace {

class SharedCodeTest : public ::testing::Test {
 protected:
  static std::string hash(char letter) { return std::string(64, letter); }
  static Json pins(char letter) { return {{"f", {{"sha256", hash(letter)}}}}; }
  void SetUp() override {
    for (const char letter : {'a', 'b', 'c'}) ASSERT_TRUE(blobs_.put(hash(letter), "code"));
    Announcement announcement;
    announcement.id = "id";
    announcement.objects["p"] = {1, pins('b')};
    ASSERT_TRUE(change({{"pins", "p", pins('a').dump(), {}},
                        {"pins", "odd", "{", {}},
                        {"reload", "now", announcement.encode(), {}}}));
  }
  bool change(const std::vector<store::DocumentChange>& changes) {
    return store_.change_documents(changes).has_value();
  }
  std::string there() {
    std::string letters;
    for (const char letter : {'a', 'b', 'c'}) {
      if (blobs_.hold(hash(letter))) letters += letter;
    }
    return letters;
  }

  store::SharedStore store_{std::make_shared<store::SharedPart>(), "one", 1};
  store::Blobs blobs_{store_};
  SharedCode code_{store_, Logger()};
};

TEST_F(SharedCodeTest, WhatPinsAndReloadsNameStays) {
  code_.clear(Duration::zero());
  EXPECT_EQ(there(), "ab");
  ASSERT_TRUE(change({{"reload", "now", std::nullopt, {}}}));
  code_.clear(Duration::zero());
  EXPECT_EQ(there(), "a");
  ASSERT_TRUE(change({{"pins", "p", std::nullopt, {}}}));
  code_.clear(Duration::zero());
  EXPECT_EQ(there(), "");
}

TEST_F(SharedCodeTest, WhatHistoriesNameStays) {
  const Json history = {{"f", {{{"sha256", hash('c')}}, {{"sha256", hash('a')}}}}};
  ASSERT_TRUE(
      change({{"code-history", "p", history.dump(), {}}, {"code-history", "odd", "{", {}}}));
  code_.clear(Duration::zero());
  EXPECT_EQ(there(), "abc");
  ASSERT_TRUE(change({{"code-history", "p", std::nullopt, {}}}));
  code_.clear(Duration::zero());
  EXPECT_EQ(there(), "ab");
}

TEST_F(SharedCodeTest, SweepingTakesItsTime) {
  code_.sweep();
  EXPECT_EQ(there(), "abc") << "the code of a change that is under way";
}

}  // namespace
}  // namespace sluice::control
