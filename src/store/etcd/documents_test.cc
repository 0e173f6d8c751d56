// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/documents.h"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

TEST(ChangeList, FindsTheRevisionOfAChange) {
  const RandomId first = RandomId::make();
  const RandomId second = RandomId::make();
  const ChangeList list = ChangeList().with(first, 0).with(second, 12);
  EXPECT_EQ(list.find(first, 30), 12) << "the change behind it says so";
  EXPECT_EQ(list.find(second, 30), 30) << "the last one is that of the key";
  EXPECT_EQ(list.find(RandomId::make(), 30), std::nullopt);
  EXPECT_EQ(ChangeList::decode(list.encode()).made, list.made);
  EXPECT_TRUE(ChangeList::decode("x\n\n" + first.text() + "\n").made.empty());
}

TEST(ChangeList, RemembersALimitedNumber) {
  ChangeList list;
  std::vector<RandomId> ids;
  for (std::size_t i = 0; i <= ChangeList::kMax; ++i) {
    ids.push_back(RandomId::make());
    list = list.with(ids.back(), static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(list.made.size(), ChangeList::kMax);
  EXPECT_EQ(list.find(ids[0], 99), std::nullopt);
  EXPECT_EQ(list.find(ids[1], 99), 2);
  EXPECT_EQ(ChangeList::decode(list.encode() + list.encode()).made, list.made);
}

}  // namespace
}  // namespace sluice::store
