// SPDX-License-Identifier: Apache-2.0
#include "egctl/access.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace sluice::egctl {
namespace {

TEST(AccessOf, ReadsWhatTheSettingsSay) {
  const auto access = access_of({{"server", "https://a"},
                                 {"certificate-authority-data", base64_encode("CA")},
                                 {"insecure-skip-verify", true}},
                                {{"client-certificate-data", base64_encode("CERT")},
                                 {"client-key-data", base64_encode("KEY")},
                                 {"username", "alice"},
                                 {"password", "apple"},
                                 {"token", "cherry"}});
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://a");
  EXPECT_EQ(access->authority, "CA");
  EXPECT_EQ(access->certificate, "CERT");
  EXPECT_EQ(access->key, "KEY");
  EXPECT_EQ(access->user + access->password + access->token, "aliceapplecherry");
  EXPECT_FALSE(access->verify);
  EXPECT_TRUE(access_of({{"server", "a"}}, Json())->verify);
}

TEST(AccessOf, FaultsNameTheField) {
  const auto not_base64 = access_of({{"certificate-authority-data", "*"}}, Json());
  ASSERT_FALSE(not_base64);
  EXPECT_TRUE(not_base64.error().message.contains("certificate-authority-data"));
  const auto no_file = access_of(Json(), {{"client-key", "/nowhere/x.key"}});
  ASSERT_FALSE(no_file);
  EXPECT_TRUE(no_file.error().message.contains("/nowhere/x.key"));
}

TEST(Combine, AnotherServerDoesNotSeeTheSecrets) {
  const Access settings{.server = "https://a", .authority = "CA", .user = "alice", .password = "x"};
  EXPECT_EQ(combine({}, settings)->user, "alice");
  EXPECT_EQ(combine({.server = "https://a"}, settings)->user, "alice");
  const auto other = combine({.server = "https://b"}, settings);
  EXPECT_EQ(other->server, "https://b");
  EXPECT_FALSE(other->has_secret());
  EXPECT_EQ(other->authority, "");
}

TEST(Combine, TheEnvironmentTakesThePlaceOfTheOtherSecrets) {
  const Access settings{.server = "a", .user = "alice", .password = "x", .token = "cherry"};
  ::setenv("EGCTL_USER", "bob", 1);
  ::setenv("EGCTL_PASSWORD", "banana", 1);
  const auto user = combine({}, settings);
  EXPECT_EQ(user->user + user->password, "bobbanana");
  EXPECT_EQ(user->token, "");
  ::setenv("EGCTL_TOKEN", "date", 1);
  const auto token = combine({}, settings);
  EXPECT_EQ(token->token, "date");
  EXPECT_EQ(token->user, "");
  for (const char* name : {"EGCTL_USER", "EGCTL_PASSWORD", "EGCTL_TOKEN"}) ::unsetenv(name);
}

TEST(Combine, ACertificateNeedsItsKey) {
  EXPECT_FALSE(combine({}, {.certificate = "CERT"}));
  EXPECT_FALSE(combine({}, {.key = "KEY"}));
}

}  // namespace
}  // namespace sluice::egctl
