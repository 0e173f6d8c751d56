// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/breaker_notes.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice::filters {
namespace {

resilience::CircuitBreakerSpec quick() {
  resilience::CircuitBreakerSpec spec;
  spec.sliding_window_size = 4;
  spec.minimum_number_of_calls = 4;
  spec.permitted_in_half_open = 1;
  spec.wait_in_open = std::chrono::seconds(30);
  return spec;
}

class BreakerNotesTest : public ::testing::Test {
 protected:
  // The line after a call.
  std::string call(bool failed, TimePoint now) {
    auto permit = breaker_->acquire(now);
    if (!permit) return "refused";
    permit->finish(failed, now);
    const auto line = notes_.note(now);
    return line ? line->text : "";
  }

  std::shared_ptr<resilience::CircuitBreaker> breaker_ =
      std::make_shared<resilience::CircuitBreaker>(quick());
  BreakerNotes notes_{"shop/proxy#p#main", Logger(), breaker_};
};

TEST_F(BreakerNotesTest, OpeningAndClosingAreTold) {
  const TimePoint start = Clock::now();
  for (const bool failed : {false, true, true}) EXPECT_EQ(call(failed, start), "");
  EXPECT_EQ(
      call(true, start),
      "shop/proxy#p#main: the circuit breaker has opened: of the last 4 calls, 3 failed and 0 "
      "were slow; it refuses requests for 30s");
  EXPECT_EQ(notes_.note(start), std::nullopt);
  EXPECT_EQ(call(false, start + std::chrono::seconds(31)),
            "shop/proxy#p#main: the circuit breaker has closed");
}

TEST_F(BreakerNotesTest, ABreakerThatOpensAgainAndAgainHasALineInEachPeriod) {
  const TimePoint start = Clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(call(true, start), "");
  EXPECT_NE(call(true, start), "");
  breaker_->open(std::chrono::seconds(1), start);
  EXPECT_EQ(notes_.note(start + std::chrono::seconds(9)), std::nullopt);
  breaker_->open(std::chrono::seconds(1), start);
  const auto line = notes_.note(start + std::chrono::seconds(10));
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->text.ends_with("(1 more since the last such line)")) << line->text;
}

}  // namespace
}  // namespace sluice::filters
