// SPDX-License-Identifier: Apache-2.0
// The last response of an HTTP/1.1 connection says that it is the last one.
#include "server/h1_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/testing/one_server.h"

namespace sluice::server {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /p HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(H1Connection, GoesOnAfterAResponse) {
  testing::OneServer server;
  auto client = server.connect();
  for (const int responses : {1, 2}) {
    client.send(kGet);
    ASSERT_TRUE(server.until(
        [&] { return server.asked() == responses && client.received().ends_with("done"); }));
  }
  EXPECT_THAT(client.received(), Not(HasSubstr("Connection: close")));
  EXPECT_FALSE(client.ended());
}

TEST(H1Connection, ADrainWithinARequestIsToldInItsResponse) {
  testing::OneServer server;
  auto client = server.connect();
  server.hold();
  client.send(kGet);
  ASSERT_TRUE(server.until([&] { return server.asked() == 1; }));
  server->drain();
  server.release();
  ASSERT_TRUE(server.until([&] { return client.ended(); }));
  EXPECT_THAT(client.received(), AllOf(HasSubstr("Connection: close\r\n"), EndsWith("done")));
}

// The client may send the body or not, so the next bytes could be either.
TEST(H1Connection, EndsWhereABodyWasNotAskedFor) {
  testing::OneServer server;
  auto client = server.connect();
  client.send(
      "POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(server.until([&] { return client.ended(); }));
  EXPECT_THAT(client.received(),
              AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("Connection: close\r\n")));
}

TEST(H1Connection, GoesOnAfterABodyThatNobodyReads) {
  testing::OneServer server;
  auto client = server.connect();
  client.send("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  client.send(kGet);
  ASSERT_TRUE(server.until([&] { return client.received().ends_with("done"); }));
  EXPECT_THAT(client.received(), StartsWith("HTTP/1.1 404 "));
}

}  // namespace
}  // namespace sluice::server
