// SPDX-License-Identifier: Apache-2.0
#include "config/url_credentials.h"

#include <gtest/gtest.h>

#include "config/faults.h"

namespace sluice::config {
namespace {

TEST(WithoutCredentials, HidesThemInUrlsOnly) {
  EXPECT_EQ(without_credentials("https://u:p@host:1/x?y=a@b"), "https://<redacted>@host:1/x?y=a@b");
  EXPECT_EQ(without_credentials("http://token@host"), "http://<redacted>@host");
  EXPECT_EQ(without_credentials("https://u:p@ss@host/"), "https://<redacted>@host/");
  for (const std::string_view other : {"https://host/a@b", "https://host?u:p@x", "mail me@host", "",
                                       "://a@b", "see http://a@b", "https://@host/", "a/b://c@d"}) {
    EXPECT_EQ(without_credentials(other), other);
  }
}

// An error is the place where a password that was not escaped is seen.
TEST(WithoutCredentials, HidesAPasswordWithADelimiter) {
  for (const char* password : {"s/t", "s?t", "s#t", "s@t", "s/?#@t"}) {
    const std::string url = "http://u:" + std::string(password) + "@h:1/x";
    EXPECT_EQ(without_credentials(url), "http://<redacted>@h:1/x") << url;
    EXPECT_EQ(quote(url), "\"http://<redacted>@h:1/x\"") << url;
  }
  // A password with a colon looks like a port and more.
  EXPECT_EQ(without_credentials("http://u:1:2/x@h"), "http://<redacted>@h");
  EXPECT_EQ(without_credentials("http://u:p]/x@h"), "http://<redacted>@h");
  for (const char* none :
       {"http://h/a@b", "http://h:80/a@b", "http://[::1]/a@b", "http://[::1]:8/@"})
    EXPECT_EQ(without_credentials(none), none);
}

TEST(CredentialsIn, SaysWhereTheyStand) {
  const std::string_view url = "https://u:p@host:8/x?y@z";
  const auto found = credentials_in(url);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text(url), "u:p");
  EXPECT_EQ(host_of(url, *found), "https://@host:8");
  EXPECT_FALSE(credentials_in("https://host/a@b"));
}

}  // namespace
}  // namespace sluice::config
