// SPDX-License-Identifier: Apache-2.0
#include "admin/address.h"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

TEST(ResolveAddress, KnowsLoopback) {
  const auto v4 = resolve_address("127.0.0.1:2381");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 2381);
  for (const char* text : {"127.9.9.9:0", "localhost:1", "[::1]:2381"})
    EXPECT_TRUE(resolve_address(text)->loopback) << text;
  for (const char* text : {"0.0.0.0:2381", "10.0.0.1:2381", "[::]:2381", ":2381"})
    EXPECT_FALSE(resolve_address(text)->loopback) << text;
  EXPECT_EQ(resolve_address(":2381")->host, "");
}

TEST(ResolveAddress, RefusesWhatIsNone) {
  for (const char* text :
       {"localhost", "localhost:", "localhost:x", "localhost:65536", "localhost:-1", ""}) {
    const auto address = resolve_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::invalid) << text;
  }
}

TEST(IsLoopbackHost, KnowsLocalNames) {
  for (const char* host :
       {"localhost", "localhost:2381", "127.0.0.1:2381", "[::1]:2381", "[::1]"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", "evil.example", "evil.example:2381", "localhost.evil.example",
                           "127.0.0.1.evil.example", "10.0.0.1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace sluice::admin
