// SPDX-License-Identifier: Apache-2.0
#include "backend/server.h"

#include <gtest/gtest.h>

namespace sluice::backend {
namespace {

TEST(Server, TakesItsUrlApart) {
  const auto named = parse_server_url("http://shop.example:8080/base/");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->host, "shop.example");
  EXPECT_EQ(named->port, 8080);
  EXPECT_EQ(named->authority, "shop.example:8080");
  EXPECT_EQ(named->path, "/base");
  EXPECT_FALSE(named->has_ip_host);

  const auto literal = parse_server_url("http://[::1]");
  ASSERT_TRUE(literal);
  EXPECT_EQ(literal->host, "::1");
  EXPECT_EQ(literal->port, 80);
  EXPECT_EQ(literal->path, "");
  EXPECT_TRUE(literal->has_ip_host);
  EXPECT_FALSE(literal->secure);

  const auto secure = parse_server_url("https://shop.example");
  ASSERT_TRUE(secure);
  EXPECT_TRUE(secure->secure);
  EXPECT_EQ(secure->port, 443);
}

TEST(Server, SaysWhatIsWrong) {
  const auto reason = [](std::string_view url) { return parse_server_url(url).error().message; };
  EXPECT_EQ(reason("10.0.0.1:80"), "\"10.0.0.1:80\" is not a URL, try http://10.0.0.1:8080");
  EXPECT_EQ(reason("http://"), "\"http://\" has no valid host");
  EXPECT_EQ(reason("http://a:0"), "\"http://a:0\" has no valid port");
  EXPECT_EQ(reason("http://u:p@a"), "\"…@a\" must not have a user, a query or a fragment");
  EXPECT_EQ(reason("u:p@a:1"), "\"…@a:1\" is not a URL, try http://10.0.0.1:8080");
  EXPECT_EQ(reason("http://a?x"), "\"http://a?x\" must not have a user, a query or a fragment");
}

}  // namespace
}  // namespace sluice::backend
