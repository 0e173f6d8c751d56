// SPDX-License-Identifier: Apache-2.0
#include "observe/request_stats.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::observe {
namespace {

using namespace std::chrono_literals;

TEST(RequestStats, SumsTheCores) {
  RequestStats stats(2);
  for (int i = 0; i < 90; ++i) stats.record(0, 200, 1ms, 100, 200);
  for (int i = 0; i < 10; ++i) stats.record(1, 503, 100ms, 100, 50);
  const Json json = stats.to_json();
  EXPECT_EQ(json["count"], 100);
  EXPECT_EQ(json["errCount"], 10);
  EXPECT_EQ(json["codes"]["200"], 90);
  EXPECT_EQ(json["codes"]["503"], 10);
  EXPECT_EQ(json["reqSize"], 10'000);
  EXPECT_NEAR(json["p50"].get<double>(), 1.0, 0.125);
  EXPECT_NEAR(json["p99"].get<double>(), 100.0, 12.5);
  EXPECT_NEAR(json["mean"].get<double>(), 10.9, 0.1);
  EXPECT_NEAR(json["min"].get<double>(), 1.0, 0.001);
}

TEST(RequestStats, ReadingHasNoSideEffects) {
  RequestStats stats(1);
  stats.record(0, 404, 5us, 1, 1);
  stats.sample();
  EXPECT_EQ(stats.to_json(), stats.to_json());
  EXPECT_NEAR(stats.to_json()["m1"].get<double>(), 0.2, 1e-9);
  EXPECT_NEAR(stats.to_json()["m1ErrPercent"].get<double>(), 100, 1e-9);
}

TEST(RequestStats, PercentilesForgetAfterAMinute) {
  RequestStats stats(1);
  stats.record(0, 200, 1s, 0, 0);
  for (int i = 0; i < 13; ++i) stats.sample();
  stats.record(0, 200, 1ms, 0, 0);
  EXPECT_LT(stats.to_json()["p999"].get<double>(), 2);
}

TEST(RequestStats, RatesAreOfTheLastPeriods) {
  RequestStats stats(1);
  for (int i = 0; i < 50; ++i) stats.record(0, 400, 1ms, 0, 0);
  stats.sample();
  EXPECT_NEAR(stats.to_json()["m1"].get<double>(), 10, 1e-9);
  EXPECT_EQ(stats.to_json()["errCount"], 50);
  for (int i = 0; i < 200; ++i) stats.sample();  // no request for a quarter of an hour
  EXPECT_LT(stats.to_json()["m1"].get<double>(), 0.01);
  EXPECT_LT(stats.to_json()["m15"].get<double>(), 5);
}

}  // namespace
}  // namespace sluice::observe
