// SPDX-License-Identifier: Apache-2.0
#include "wasm/engine.h"

#include <gtest/gtest.h>

namespace sluice::wasm {
namespace {

std::string refusal(EngineOptions options) {
  options.pooling = false;
  const auto engine = Engine::create(std::move(options));
  return engine ? "" : engine.error().message;
}

TEST(Engine, HasNoMoreGuestsThanTheProcessHasMappingsFor) {
  EXPECT_EQ(refusal({.guests_max = 3470, .mappings_max = 65'530}), "");
  EXPECT_EQ(
      refusal({.guests_max = 10'000, .mappings_max = 65'530}),
      "max-guests 10000 needs 170000 mappings of memory, and the system gives a process 65530: "
      "raise vm.max_map_count, or lower max-guests to 3470");
  EXPECT_NE(refusal({.guests_max = 1, .mappings_max = 9'000}), "");
  EXPECT_NE(refusal({.guests_max = 0}), "");
}

TEST(Engine, AsksTheSystemForTheMappings) { EXPECT_EQ(refusal({.guests_max = 1}), ""); }

}  // namespace
}  // namespace sluice::wasm
