// SPDX-License-Identifier: Apache-2.0
// Connections of a server on one core when it drains, and when its configuration changes.
#include "server/core_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "server/testing/one_server.h"

namespace sluice::server {
namespace {

using http::h2::FrameType;
using ::testing::EndsWith;

constexpr std::string_view kAsk = "GET /p HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(CoreServer, ADrainClosesIdleConnectionsAtOnce) {
  testing::OneServer server;
  auto client = server.connect();
  client.send(kAsk);
  ASSERT_TRUE(server.until([&] { return client.received().ends_with("done"); }));
  EXPECT_FALSE(client.ended());
  server->drain();
  EXPECT_TRUE(client.ended());  // the core has not worked since
}

// The first one waits for its place in await_place(), the others in the kernel's queue.
TEST(CoreServer, NobodyWaitsForAPlaceOfAServerThatDrains) {
  testing::OneServer server("maxConnections: 1");
  auto busy = server.connect();
  server.hold();
  busy.send(kAsk);
  ASSERT_TRUE(server.until([&] { return server.asked() == 1; }));
  std::array waiting{server.connect(), server.connect(), server.connect()};
  ASSERT_TRUE(server.until([&] { return server->connection_count() == 2; }));
  server->drain();
  EXPECT_TRUE(server.until([&] {
    return std::ranges::all_of(waiting, [](testing::Client& client) { return client.ended(); });
  }));
  EXPECT_FALSE(busy.ended());
  server.release();
  ASSERT_TRUE(server.until([&] { return busy.ended(); }));
  EXPECT_THAT(busy.received(), EndsWith("done"));
}

class SwitchedOff : public ::testing::TestWithParam<const char*> {};

// RFC 9113 section 6.8: an open connection is told to end.
TEST_P(SwitchedOff, EndsOpenHttp2Connections) {
  testing::OneServer server;
  auto client = server.connect();
  client.send(http::h2::opening());
  ASSERT_TRUE(server.until([&] { return client.frames(FrameType::settings) > 0; }));
  EXPECT_EQ(client.frames(FrameType::goaway), 0);
  server.update(GetParam());
  EXPECT_TRUE(server.until([&] { return client.frames(FrameType::goaway) > 0; }));
}

INSTANTIATE_TEST_SUITE_P(CoreServer, SwitchedOff,
                         ::testing::Values("http2: false", "keepAlive: false"));

}  // namespace
}  // namespace sluice::server
