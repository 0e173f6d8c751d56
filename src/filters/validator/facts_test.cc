// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "filters/validator/password_check.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

http::Request with(std::initializer_list<std::pair<const char*, const char*>> fields) {
  http::Request request;
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  return request;
}

std::string shown(const FoundToken& token) {
  return token.fault.empty() ? std::string(token.text) : "(" + std::string(token.fault) + ")";
}

TEST(Facts, BearerToken) {
  const auto of = [](std::initializer_list<std::pair<const char*, const char*>> fields) {
    const auto request = with(fields);
    return shown(bearer_token(request));
  };
  EXPECT_EQ(of({{"Authorization", "Bearer a.b.c"}}), "a.b.c");
  EXPECT_EQ(of({{"authorization", "bEARER   a.b.c"}}), "a.b.c");
  EXPECT_EQ(of({}), "(no token)");
  EXPECT_EQ(of({{"Authorization", ""}}), "(no token)");
  EXPECT_EQ(of({{"Authorization", "Bearer"}}), "(no token)");
  EXPECT_EQ(of({{"Authorization", "Bearer "}}), "(no token)");
  EXPECT_EQ(of({{"Authorization", "Bearera.b.c"}}), "(no token)");
  EXPECT_EQ(of({{"Authorization", "Basic YTpi"}}), "(no token)");
  EXPECT_EQ(of({{"Authorization", "Bearer a"}, {"Authorization", "Bearer a"}}), "(several tokens)");
}

TEST(Facts, CookieComesFirst) {
  const auto of = [](std::initializer_list<std::pair<const char*, const char*>> fields) {
    const auto request = with(fields);
    return shown(cookie_or_bearer_token(request, "auth"));
  };
  EXPECT_EQ(of({{"Cookie", "x=1; auth=token"}, {"Authorization", "Bearer other"}}), "token");
  EXPECT_EQ(of({{"Cookie", "auth="}, {"Authorization", "Bearer other"}}), "other");
  EXPECT_EQ(of({{"Cookie", "Auth=token"}}), "(no token)");
  EXPECT_EQ(of({{"Cookie", "auth=a; auth=a"}}), "a");
  EXPECT_EQ(of({{"Cookie", "auth=a; auth=b"}}), "(several tokens)");
  EXPECT_EQ(of({{"Cookie", "auth=a"}, {"Cookie", "auth=b"}}), "(several tokens)");
}

TEST(Facts, ClaimsBecomeHeaders) {
  const Json claims = {
      {"sub", "ann"},        {"age", 7},           {"admin", true},     {"scope", {"a", "b"}},
      {"realm", {{"x", 1}}}, {"nothing", nullptr}, {"mixed", {"a", 1}}, {"break", "a\r\nX: y"}};
  NewHeaders headers;
  for (const char* claim : {"sub", "age", "admin", "scope", "realm", "nothing", "absent", "mixed"})
    EXPECT_TRUE(append_claim(claims, claim, "X", headers)) << claim;
  EXPECT_THAT(headers,
              ElementsAre(Pair("X", "ann"), Pair("X", "7"), Pair("X", "true"), Pair("X", "a b"),
                          Pair("X", R"({"x":1})"), Pair("X", R"(["a",1])")));
  EXPECT_FALSE(append_claim(claims, "break", "X", headers));
  for (const char* name : {" root", "root ", "\troot"})
    EXPECT_FALSE(append_claim({{"sub", name}}, "sub", "X", headers)) << "a backend would read root";
  EXPECT_FALSE(append_claim({{"sub", std::string(kClaimBytesMax + 1, 'x')}}, "sub", "X", headers));
}

TEST(Facts, NameAndPassword) {
  const auto of = [](std::string_view text) {
    const auto pair = read_basic(text);
    return pair ? pair->name + " " + pair->password : "none";
  };
  EXPECT_EQ(of("YW5uOnNlY3JldA=="), "ann secret");
  EXPECT_EQ(of("YW5uOm9wZW46c2VzYW1l"), "ann open:sesame");
  EXPECT_EQ(of("YW5uOg=="), "ann ");
  EXPECT_EQ(of("YW5u"), "none");            // no colon
  EXPECT_EQ(of("OnNlY3JldA=="), "none");    // no name
  EXPECT_EQ(of("YW5uOnNlY3JldA"), "none");  // no padding
  EXPECT_EQ(of("not base64!"), "none");
  EXPECT_EQ(of("IHJvb3Q6eA=="), "none");  // " root:x"
  EXPECT_EQ(of("cm9vdCA6eA=="), "none");  // "root :x"
  EXPECT_EQ(of("YQ0KYjpj"), "none");      // a line break in the name
  EXPECT_EQ(of(""), "none");
}

}  // namespace
}  // namespace sluice::filters
