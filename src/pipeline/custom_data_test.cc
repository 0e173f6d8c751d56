// SPDX-License-Identifier: Apache-2.0
#include "pipeline/custom_data.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::pipeline {
namespace {

TEST(CustomData, FindsItemsByKindAndId) {
  const auto users = std::make_shared<const CustomDataSnapshot::Items>(
      CustomDataSnapshot::Items{{"ann", std::make_shared<const Json>(Json{{"level", 3}})}});
  CustomDataSlot slot;
  EXPECT_EQ(slot.get(), nullptr);
  slot.put(std::make_shared<const CustomDataSnapshot>(CustomDataSnapshot::Kinds{{"users", users}}));
  const CustomDataSnapshot& data = *slot.get();
  ASSERT_NE(data.find("users", "ann"), nullptr);
  EXPECT_EQ((*data.find("users", "ann"))["level"], 3);
  EXPECT_EQ(data.find("users", "bob"), nullptr);
  EXPECT_EQ(data.find("shops", "ann"), nullptr);
}

}  // namespace
}  // namespace sluice::pipeline
