// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/pins.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::filters {
namespace {

TEST(Pins, AKindFindsItsOwnOnly) {
  const Json of_wasm_host = {{"sha256", "a1"}, {"source", "x"}};
  const Json of_another = {{"sha256", "b2"}, {"kind", "Another"}};
  EXPECT_EQ(pinned_hash(of_wasm_host, kWasmHostPins), "a1");
  EXPECT_EQ(pinned_hash(of_another, "Another"), "b2");
  EXPECT_EQ(pinned_hash(of_wasm_host, "Another"), "");
  EXPECT_EQ(pinned_hash(of_another, kWasmHostPins), "");
}

TEST(Pins, OtherJsonNamesNothing) {
  for (const Json& pin : {Json(), Json("a1"), Json::array(), Json::object(), Json({{"sha256", 1}}),
                          Json({{"sha256", nullptr}})})
    EXPECT_EQ(pinned_hash(pin, kWasmHostPins), "") << pin;
}

}  // namespace
}  // namespace sluice::filters
