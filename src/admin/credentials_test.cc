// SPDX-License-Identifier: Apache-2.0
#include "admin/credentials.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "base/password.h"

namespace sluice::admin {
namespace {

std::string basic(const std::string& pair) { return "Basic " + base64_encode(pair); }

std::unique_ptr<Credentials> make(CredentialOptions options) {
  auto made = Credentials::create(std::move(options));
  EXPECT_TRUE(made) << made.error().message;
  return *std::move(made);
}

CredentialOptions everybody() {
  return {.users = {{"alice", *hash_password("apple")}, {"bob", "banana"}},
          .tokens = {{"ci", "sha256:" + sha256_hex("cherry")}, {"cron", "date"}},
          .readers = {"bob", "ci"}};
}

TEST(Credentials, PasswordsAndTokens) {
  const auto credentials = make(everybody());
  EXPECT_TRUE(credentials->demanded());
  const auto check = [&](const std::string& field) {
    return credentials->check({.peer = "10.0.0.1", .authorization = field, .certificate_name = ""});
  };
  for (int i = 0; i < 2; ++i) {  // the second time from the cache
    EXPECT_EQ(check(basic("alice:apple"))->name, "alice");
    EXPECT_EQ(check(basic("alice:apple"))->role, Role::admin);
  }
  EXPECT_EQ(check(basic("bob:banana"))->role, Role::reader);
  EXPECT_EQ(check("bearer cherry")->role, Role::reader);
  EXPECT_EQ(check("Bearer date")->role, Role::admin);
  for (const std::string& field : {basic("alice:banana"), basic("alice:"), basic("alice"),
                                   std::string("Bearer cherries"), std::string("Digest x")}) {
    const auto denied = check(field);
    ASSERT_FALSE(denied) << field;
    EXPECT_EQ(denied.error().status, 401);
    EXPECT_NE(denied.error().log, "");
    EXPECT_EQ(denied.error().log.find("banana"), std::string::npos);
  }
  EXPECT_EQ(check("").error().log, "") << "clients ask before they know that they must";
}

// Everything else is answered on the loop, and waits for nobody's hash.
TEST(Credentials, OnlyAnUnknownPasswordIsNotQuick) {
  const auto credentials = make(everybody());
  for (const std::string& field :
       {std::string(), std::string("Bearer cherry"), std::string("Bearer wrong"),
        std::string("Digest x"), basic("bob:banana"), basic("bob:wrong")}) {
    EXPECT_TRUE(credentials->is_quick(field)) << field;
  }
  EXPECT_FALSE(credentials->is_quick(basic("nobody:x"))) << "no name is told by its time";
  EXPECT_FALSE(credentials->is_quick(basic("alice:apple")));
  ASSERT_TRUE(credentials->check({.peer = "a", .authorization = basic("alice:apple")}));
  EXPECT_TRUE(credentials->is_quick(basic("alice:apple")));
  EXPECT_FALSE(credentials->is_quick(basic("alice:wrong")));
  EXPECT_TRUE(make({.users = {}, .tokens = {}})->is_quick(basic("alice:apple")));
}

// Those who come before the first one has failed do not each get a try.
TEST(Credentials, GuessersAtOnceShareTheirTries) {
  const auto credentials = make({.users = {{"alice", *hash_password("apple")}}});
  constexpr int kAtOnce = 12;
  std::atomic<int> refused = 0;
  std::atomic<int> told_to_wait = 0;
  {
    std::vector<std::jthread> guessers;
    for (int i = 0; i < kAtOnce; ++i) {
      guessers.emplace_back([&] {
        const auto denied = credentials->check({.peer = "a", .authorization = basic("alice:x")});
        ++(denied.error().status == 401 ? refused : told_to_wait);
      });
    }
  }
  EXPECT_EQ(refused + told_to_wait, kAtOnce);
  EXPECT_LT(refused, kAtOnce);
}

TEST(Credentials, GuessersWait) {
  const auto credentials = make({.users = {{"bob", "banana"}}});
  const auto check = [&](const char* peer, const char* pair) {
    return credentials->check({.peer = peer, .authorization = basic(pair), .certificate_name = ""});
  };
  for (int i = 0; i <= FailedTries::kFreeTries; ++i)
    EXPECT_EQ(check("a", "bob:x").error().status, 401);
  const auto denied = check("a", "bob:banana");
  ASSERT_FALSE(denied) << "right or wrong: the door is closed";
  EXPECT_EQ(denied.error().status, 429);
  EXPECT_GT(denied.error().retry_after_seconds, 0);
  EXPECT_TRUE(check("b", "bob:banana"));
}

// A right try clears the wrong ones before it.
TEST(Credentials, WhoGetsItRightMayErrAgain) {
  const auto credentials =
      make({.users = {{"bob", "banana"}}, .tokens = {{"ci", "cherry"}}, .readers = {}});
  const auto status = [&](const std::string& authorization) {
    const auto found =
        credentials->check({.peer = "a", .authorization = authorization, .certificate_name = ""});
    return found ? 200 : found.error().status;
  };
  for (const std::string& right : {basic("bob:banana"), std::string("Bearer cherry")}) {
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < FailedTries::kFreeTries; ++i) EXPECT_EQ(status(basic("bob:x")), 401);
      EXPECT_EQ(status(right), 200);
    }
  }
}

TEST(Credentials, UnknownUsersCostAsMuchAndAreNotLogged) {
  const auto credentials = make({.users = {{"bob", "banana"}}});
  const auto denied = credentials->check(
      {.peer = "a", .authorization = basic("my password:x"), .certificate_name = ""});
  EXPECT_EQ(denied.error().log.find("my password"), std::string::npos);
}

TEST(Credentials, CertificatesAreProofWhereNothingElseIsDemanded) {
  const auto credentials =
      make({.users = {}, .tokens = {}, .readers = {"viewer"}, .certificate = true});
  const auto check = [&](const char* name) {
    return credentials->check({.peer = "a", .authorization = "", .certificate_name = name});
  };
  EXPECT_EQ(check("viewer")->role, Role::reader);
  EXPECT_EQ(check("ops")->role, Role::admin);
}

TEST(Credentials, WithoutAnyEverybodyIsAnAdmin) {
  const auto credentials = make({});
  EXPECT_FALSE(credentials->demanded());
  EXPECT_EQ(credentials->check({})->role, Role::admin);
}

TEST(Credentials, FaultsNameTheOption) {
  const auto refused = [](CredentialOptions options, const std::string& word) {
    const auto made = Credentials::create(std::move(options));
    return !made && made.error().message.contains(word);
  };
  EXPECT_TRUE(refused({.users = {{"a", ""}}}, "basic-auth.a"));
  EXPECT_TRUE(refused({.users = {{"a", "$scrypt$ln=1"}}}, "--hash-password"));
  EXPECT_TRUE(refused({.users = {{"a", "x"}}, .tokens = {{"a", "y"}}}, "api-tokens.a"));
  EXPECT_TRUE(refused({.users = {}, .tokens = {{"a", "sha256:12"}}}, "api-tokens.a"));
  EXPECT_TRUE(refused({.users = {}, .tokens = {{"a", ""}}}, "api-tokens.a"));
  EXPECT_TRUE(refused({.users = {}, .tokens = {}, .readers = {"x"}}, "api-readers"));
}

}  // namespace
}  // namespace sluice::admin
