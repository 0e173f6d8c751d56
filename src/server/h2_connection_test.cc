// SPDX-License-Identifier: Apache-2.0
// The times of an HTTP/2 connection. The frames themselves are in tests/conformance.
#include "server/h2_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/testing/one_server.h"

namespace sluice::server {
namespace {

using http::h2::frame;
using http::h2::FrameType;
using http::h2::kFlagEndHeaders;
using http::h2::kFlagEndStream;
using http::h2::kWhole;
using http::h2::opening;

bool answers(testing::OneServer& server, testing::Client& client, std::int32_t stream) {
  return server.until([&] { return client.has_response(stream); });
}

// The timer of the idle connection fires during the request, when no time of it is due.
TEST(H2Connection, IsClosedWhenItIsIdleAfterALongRequest) {
  constexpr std::chrono::milliseconds kIdle{50};
  testing::OneServer server(
      "keepAliveTimeout: 50ms\nheadTimeout: 1h\nbodyTimeout: 1h\nwriteTimeout: 1h");
  auto client = server.connect();
  server.hold();
  client.send(opening() + frame(FrameType::headers, kWhole, 1, testing::h2_fields("GET")));
  ASSERT_TRUE(server.until([&] { return server.asked() == 1; }));
  loop::testing::run_past(server.loop(), Clock::now() + kIdle);
  EXPECT_FALSE(client.ended());
  server.release();
  ASSERT_TRUE(answers(server, client, 1));
  EXPECT_TRUE(server.until([&] { return client.ended(); }));
}

// Another time that is due meanwhile does not end it.
TEST(H2Connection, AHeadHasTheWholeTimeFromItsOwnBegin) {
  testing::OneServer server("headTimeout: 60s\nbodyTimeout: 20ms");
  auto client = server.connect();
  const std::string fields = testing::h2_fields("GET");
  client.send(opening() +
              frame(FrameType::headers, kFlagEndHeaders, 1, testing::h2_fields("POST")) +
              frame(FrameType::headers, kFlagEndStream, 3, fields.substr(0, 10)));
  ASSERT_TRUE(server.until([&] { return client.has_response(1) || client.ended(); }));
  EXPECT_EQ(client.frames(FrameType::goaway), 0);
  client.send(frame(FrameType::continuation, kFlagEndHeaders, 3, fields.substr(10)));
  EXPECT_TRUE(answers(server, client, 3));
}

TEST(H2Connection, ThePrefaceHasTheWholeTimeToo) {
  testing::OneServer server("headTimeout: 60s");
  auto client = server.connect();
  client.send(http::h2::kPreface);
  ASSERT_TRUE(server.until([&] { return client.frames(FrameType::settings) > 0; }));
  loop::testing::run_past(server.loop(), Clock::now());
  EXPECT_EQ(client.frames(FrameType::goaway), 0);
  client.send(frame(FrameType::settings, 0, 0, "") +
              frame(FrameType::headers, kWhole, 1, testing::h2_fields("GET")));
  EXPECT_TRUE(answers(server, client, 1));
}

}  // namespace
}  // namespace sluice::server
