// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/log_gate.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LogGate, EverySecondHasItsLines) {
  LogGate gate(2);
  const TimePoint start = Clock::now();
  EXPECT_EQ(gate.pass(start), 0U);
  EXPECT_EQ(gate.pass(start), 0U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gate.pass(start + milliseconds(999)), std::nullopt);
  EXPECT_EQ(gate.pass(start + seconds(1)), 3U) << "those that were left out";
  EXPECT_EQ(gate.pass(start + seconds(1)), 0U);
  EXPECT_EQ(gate.pass(start + seconds(1)), std::nullopt);
  EXPECT_EQ(gate.pass(start + seconds(3)), 1U);
}

TEST(LogGate, TheNoteCountsWhatIsMissing) {
  EXPECT_EQ(suppressed_note(0), "");
  EXPECT_EQ(suppressed_note(12), " (12 lines left out before)");
}

}  // namespace
}  // namespace sluice::filters
