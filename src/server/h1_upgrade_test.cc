// SPDX-License-Identifier: Apache-2.0
#include "server/h1_upgrade.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

TEST(MayUpgrade, NotToWhatCarriesRequestsPastUs) {
  EXPECT_TRUE(may_upgrade("websocket"));
  EXPECT_TRUE(may_upgrade("WebSocket, x/1.0"));
  EXPECT_TRUE(may_upgrade("h2x"));
  for (const char* never : {"", "h2c", "H2C", "h2", "HTTP/2.0", "http", "TLS/1.2", "websocket, h2c",
                            "h2c,websocket", "web socket", "websocket,,x", ","}) {
    EXPECT_FALSE(may_upgrade(never)) << never;
  }
}

TEST(IsOffered, ComparesWholeNamesWithoutCase) {
  EXPECT_TRUE(is_offered("websocket", "WebSocket"));
  EXPECT_TRUE(is_offered("a, b/1", "b/1"));
  EXPECT_FALSE(is_offered("a, b/1", "b"));
  EXPECT_FALSE(is_offered("websocket", ""));
  EXPECT_FALSE(is_offered("", "websocket"));
}

}  // namespace
}  // namespace sluice::server
