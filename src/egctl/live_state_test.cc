// SPDX-License-Identifier: Apache-2.0
// Covers: live_text.cc
#include "egctl/live_state.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "egctl/live_text.h"

namespace sluice::egctl {
namespace {

TEST(LiveState, ChangesAddToWhatThereWas) {
  LiveState live;
  live.take(Json::parse(R"({"time":5,"figures":{"keys":[[["p","f"],7],[["p","g"],1]],
                            "runs":[[["p"],10,2.5]]}})"));
  live.take(
      Json::parse(R"({"time":6,"figures":{"keys":[[["p","f"],8]]},"gone":{"keys":[["p","g"]]}})"));
  EXPECT_EQ(live.time(), 6);
  EXPECT_EQ(live.get("keys", {"p", "f"}), 8);
  EXPECT_EQ(live.get("runs", {"p"}, LiveState::rate), 2.5);
  EXPECT_EQ(live.all("keys").size(), 1U);
  EXPECT_EQ(live.get("keys", {"p", "g"}), 0);
  EXPECT_EQ(live.get("none", {}), 0);
  EXPECT_EQ(live.get("keys", {"p", "f"}, LiveState::p99), 0) << "a gauge has no quantile";
}

TEST(LiveState, WhatIsMalformedIsNoFigure) {
  LiveState live;
  live.take(Json::parse(R"({"figures":{"a":[1,[],[["x"],null]]}})"));
  EXPECT_EQ(live.get("a", {"x"}), 0);
}

TEST(LiveText, IsShort) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(0.256), "0.26");
  EXPECT_EQ(short_number(12.34), "12.3");
  EXPECT_EQ(short_number(1234.5), "1234");
  EXPECT_EQ(short_duration(0), "");
  EXPECT_EQ(short_duration(0.0015), "1.50ms");
  EXPECT_EQ(short_duration(2), "2s");
  EXPECT_EQ(short_bytes(1536), "1.5 KiB");
  EXPECT_EQ(time_of_day(3'661'000), "01:01:01");
}

}  // namespace
}  // namespace sluice::egctl
