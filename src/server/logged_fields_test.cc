// SPDX-License-Identifier: Apache-2.0
#include "server/logged_fields.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

TEST(LoggedFields, WithoutSecrets) {
  http::Headers headers;
  headers.add("Host", "a");
  headers.add("X-A", "1");
  headers.add("X-A", "2");
  for (const char* secret : {"authorization", "Proxy-Authorization", "COOKIE", "Set-Cookie",
                             "X-AUTH-USER", "x-auth-token"})
    headers.add(secret, "hunter2");
  const std::string text = logged_fields(headers);
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  EXPECT_TRUE(text.starts_with("Host: a; X-A: 1; X-A: 2; authorization: <redacted>; ")) << text;
  EXPECT_EQ(logged_fields({}), "");
}

TEST(LoggedFields, AValueLooksLikeNoOtherField) {
  http::Headers headers;
  headers.add("User-Agent", "a (X11; Linux); X-Admin: yes");
  EXPECT_EQ(logged_fields(headers), "User-Agent: a (X11%3B Linux)%3B X-Admin: yes");
}

TEST(LoggedFields, Bounded) {
  http::Headers headers;
  for (int i = 0; i < 100; ++i) headers.add("X-Long", std::string(100, 'x'));
  EXPECT_EQ(logged_fields(headers).size(), kLoggedFieldsBytesMax);
}

}  // namespace
}  // namespace sluice::server
