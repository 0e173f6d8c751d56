// SPDX-License-Identifier: Apache-2.0
#include "egctl/settings.h"

#include <gtest/gtest.h>

namespace sluice::egctl {
namespace {

constexpr const char* kText = R"(kind: Config
# where we deploy
clusters:
- name: shop
  cluster: {server: "10.0.0.1:2381", certificate-authority-data: abc}
users:
- name: admin
  user: {username: admin, password: secret}
contexts:
- name: live
  context: {cluster: shop, user: admin}
- name: test
  context: {cluster: none}
current-context: live
)";

TEST(ParseSettings, ContextsAndRedaction) {
  const auto settings = parse_settings("rc", kText);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->current_context, "live");
  ASSERT_EQ(settings->contexts.size(), 2U);
  EXPECT_EQ(settings->contexts[0].server, "10.0.0.1:2381");
  EXPECT_EQ(settings->contexts[1].server, "");
  EXPECT_EQ(settings->document.dump().find("secret"), std::string::npos);
  EXPECT_EQ(settings->document["users"][0]["user"]["password"], "REDACTED");
  EXPECT_EQ(settings->document["users"][0]["user"]["username"], "admin");
}

TEST(ParseSettings, NoSecretIsShown) {
  const auto settings = parse_settings("rc", R"(
clusters:
- {name: c, cluster: {server: "https://u:secret@a", certificate-authority-data: secret}}
users:
- name: u
  user: {password: secret, token: secret, client-key-data: secret, client-certificate-data: secret}
)");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->document.dump().find("secret"), std::string::npos)
      << settings->document.dump();
}

TEST(ParseSettings, EmptyAndWrong) {
  EXPECT_TRUE(parse_settings("rc", "# nothing yet\n"));
  EXPECT_FALSE(parse_settings("rc", "- a"));
  EXPECT_FALSE(parse_settings("rc", "a: [")) << "says where";
}

TEST(WithCurrentContext, KeepsTheRest) {
  const std::string text = with_current_context(kText, "test");
  EXPECT_NE(text.find("# where we deploy\n"), std::string::npos);
  EXPECT_EQ(parse_settings("rc", text)->current_context, "test");
  EXPECT_EQ(with_current_context("kind: Config", "a"), "kind: Config\ncurrent-context: a\n");
}

}  // namespace
}  // namespace sluice::egctl
