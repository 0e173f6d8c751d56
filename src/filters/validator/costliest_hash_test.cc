// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/costliest_hash.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::filters {
namespace {

using Items = CostliestHash::Items;

std::string bcrypt(const std::string& cost) { return "$2y$" + cost + "$" + std::string(53, 'a'); }

std::shared_ptr<const Items> items_of(const std::vector<Json>& values) {
  Items items;
  for (const Json& value : values)
    items[std::to_string(items.size())] = std::make_shared<const Json>(value);
  return std::make_shared<const Items>(std::move(items));
}

Json with_password(const Json& password) { return {{"username", "ann"}, {"password", password}}; }

TEST(CostliestHash, OfTheItemsOfAKind) {
  CostliestHash costliest;
  EXPECT_EQ(costliest.among(nullptr), "");
  const auto first =
      items_of({with_password("{SHA}k5A+xr53n4Lxr/w+OtkhllTIZrk="), with_password(bcrypt("11")),
                with_password(bcrypt("05")), with_password(bcrypt("20")), with_password("plain"),
                with_password(7), "text", Json::object()});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(costliest.among(first), bcrypt("11"));
  auto second = items_of({with_password(bcrypt("06"))});
  EXPECT_EQ(costliest.among(second), bcrypt("06")) << "they have changed";
  second.reset();
  EXPECT_EQ(costliest.among(items_of({"text"})), "");
}

TEST(CostliestHash, HashOfAnItem) {
  EXPECT_EQ(hash_in_item(with_password(bcrypt("05"))), bcrypt("05"));
  EXPECT_EQ(hash_in_item(with_password(bcrypt("15"))), "") << "too costly";
  EXPECT_EQ(hash_in_item(Json::array()), "");
}

}  // namespace
}  // namespace sluice::filters
