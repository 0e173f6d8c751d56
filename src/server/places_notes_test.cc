// SPDX-License-Identifier: Apache-2.0
#include "server/places_notes.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

using std::chrono::seconds;

TEST(PlacesNotes, ALineAtTheBeginAndAtTheEnd) {
  HttpServerSpec spec;
  spec.name = "shop";
  spec.max_connections = 20;
  PlacesNotes notes;
  TimePoint now{};
  const auto tick = [&](std::uint32_t taken) {
    now += seconds(1);
    return notes.tick(now, taken, spec).value_or("");
  };
  EXPECT_EQ(tick(19), "");
  EXPECT_EQ(tick(20),
            "HTTPServer shop has 20 connections, as many as maxConnections allows: further clients "
            "wait");
  EXPECT_EQ(tick(20), "");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(tick(i % 2 == 0 ? 20 : 19), "") << "no line for each swing";
  for (int i = 0; i < 8; ++i) EXPECT_EQ(tick(0), "");
  EXPECT_EQ(tick(0), "HTTPServer shop has room for connections again");
  EXPECT_EQ(tick(0), "");
}

}  // namespace
}  // namespace sluice::server
