// SPDX-License-Identifier: Apache-2.0
// A gate on a path, and other spellings of that path.
#include <gtest/gtest.h>

#include "router/testing/make_router.h"

namespace sluice::router {
namespace {

constexpr std::string_view kGate = R"(
rules:
- paths:
  - {path: /buy, backend: gate}
  - {pathPrefix: /vip/, backend: gate}
  - {pathRegexp: "^/sale/[0-9]+$", backend: gate}
  - {pathPrefix: /, backend: shop}
)";

// Returns the backend and the path sent to it, or the status.
std::string routed(const Router& router, const std::string& target) {
  http::Request request;
  request.method = "GET";
  request.host = "shop.com";
  EXPECT_TRUE(request.set_target(target)) << target;
  const Arrival arrival = router.receive(request);
  const Match match = router.route(request, "8.8.8.8", arrival.doubts);
  if (match.status != 0) return std::to_string(match.status);
  std::string decoded;
  EXPECT_TRUE(http::percent_decode(request.escaped_path, decoded));
  EXPECT_EQ(decoded, request.path) << target;
  return match.route->backend + " " + request.target();
}

constexpr const char* kSpellings[] = {"//buy",
                                      "/./buy",
                                      "/x/../buy",
                                      "/x/%2e%2e/buy",
                                      "/%2e/buy",
                                      "/%62uy",
                                      "/buy?a",
                                      "/buy/.",
                                      "/buy/",
                                      "/BUY",
                                      "/Buy",
                                      "/buy;a=1",
                                      "/buy;",
                                      "/;a/buy",
                                      "/x/..;/buy",
                                      "/buy%20",
                                      "/buy.",
                                      "/buy%00x",
                                      "/buy%0a",
                                      "/%20buy",
                                      "/%5cbuy",
                                      "/\\buy",
                                      "/x%2f..%2fbuy",
                                      "/%2fbuy",
                                      "/x/..%5cbuy",
                                      "/%252e%252e/buy",
                                      "/%2562uy",
                                      "/x/%252e%252e%252fbuy",
                                      "/%c0%afbuy",
                                      "/buy%3fa",
                                      "/buy%c2%a0",
                                      "/%e3%80%80buy",
                                      "/buy%a0",
                                      "/%ef%bd%82uy",
                                      "/x/..%ef%bc%8fbuy",
                                      "/buy%23a",
                                      "/..%2fBUY",
                                      "/BUY;a",
                                      "/BUY%20/",
                                      "/../buy",
                                      "/%2e%2e/%2e%2e/buy",
                                      "/VIP/x",
                                      "//vip/x",
                                      "/vip;a/x",
                                      "/vip%2fx",
                                      "/%76ip/x",
                                      "/vip%5cx",
                                      "/vip./x",
                                      "/x/..%2fvip/x",
                                      "/sale/7/",
                                      "/SALE/7",
                                      "/sale/7;a",
                                      "/sale%2f7",
                                      "/sale/%37",
                                      "/sale//7"};

TEST(PathGate, IsPassedByNoSpelling) {
  for (const std::string_view mode :
       {"", "pathNormalization: rfc3986", "pathNormalization: strict"}) {
    const Router router = make_router(std::string(mode) + std::string(kGate));
    for (const char* spelling : kSpellings) {
      http::Request request;
      if (!request.set_target(spelling)) continue;  // refused before: %00
      const std::string answer = routed(router, spelling);
      EXPECT_TRUE(answer == "400" || answer.starts_with("gate "))
          << mode << " " << spelling << " -> " << answer;
    }
  }
}

TEST(PathGate, OneSpellingIsTheGatesAndTheBackends) {
  const Router router = make_router(kGate);
  EXPECT_EQ(routed(router, "/buy?a"), "gate /buy?a");
  EXPECT_EQ(routed(router, "//x/..//%62uy"), "gate /buy");
  EXPECT_EQ(routed(router, "http://shop.com//buy"), "gate /buy");
  EXPECT_EQ(routed(router, "/%73hop/./a"), "shop /shop/a");
}

// Paths that are not near the gate keep their spelling for the backend.
TEST(PathGate, OtherPathsKeepTheirSpelling) {
  const Router router = make_router(kGate);
  for (const char* path :
       {"/group%2Fproject", "/a;b=1", "/A/B", "/100%25", "/100%252F", "/a%20", "/x/", "/caf%C3%A9",
        "/buyers", "/Buyers", "/a%3Fb", "/%2e%2e%2fsecret", "/a%5Cb", "/%E9", "/a."}) {
    EXPECT_EQ(routed(router, path), std::string("shop ") + path);
  }
}

TEST(PathGate, StrictRefusesEveryDoubt) {
  const Router router =
      make_router("pathNormalization: strict\nrules: [{paths: [{backend: all}]}]");
  for (const char* path :
       {"/a%2Fb", "/a%5Cb", "/a\\b", "/a;b", "/a%3Bb", "/a%20", "/a.", "/a%0A", "/a%2541", "/a%3Fb",
        "/a%23", "/%E9", "/%C0%AE", "/..", "/caf\xc3\xa9"}) {
    EXPECT_EQ(routed(router, path), "400") << path;
  }
  for (const char* path : {"/a", "/a%20b", "/caf%C3%A9", "/100%25", "/A/b.c/", "/a+b%2Bc"})
    EXPECT_EQ(routed(router, path), std::string("all ") + path);
  EXPECT_EQ(routed(router, "//a/./b/../%63"), "all /a/c");
}

TEST(PathGate, OffTakesPathsAsTheyCome) {
  const Router router = make_router("pathNormalization: off" + std::string(kGate));
  for (const char* path : {"//buy", "/./buy", "/BUY", "/buy;a=1"})
    EXPECT_EQ(routed(router, path), std::string("shop ") + path);
  EXPECT_EQ(routed(router, "/%62uy"), "gate /%62uy");
}

// A reading that no rule accepts would bypass the rules, too.
TEST(PathGate, WhatIsNotOfferedStaysSo) {
  const Router router = make_router("rules: [{paths: [{pathPrefix: /api/, backend: api}]}]");
  EXPECT_EQ(routed(router, "/api/..%2fsecret"), "400");
  EXPECT_EQ(routed(router, "/api/..;/secret"), "400");
  EXPECT_EQ(routed(router, "/api/x%2fy"), "api /api/x%2fy");
  EXPECT_EQ(routed(router, "/api/../secret"), "404");
  EXPECT_EQ(routed(router, "/API/x"), "404");
}

// The text of a rule may have any spelling.
TEST(PathGate, RulesMayTellSpellingsApart) {
  const Router router = make_router(R"(
rules:
- paths:
  - {path: /one, backend: small}
  - {path: /One, backend: large}
  - {path: "/one;a", backend: parameter}
  - {pathPrefix: /img/, backend: small}
  - {pathPrefix: /IMG/, backend: large}
  - {path: /docs, backend: small}
  - {pathPrefix: /docs/, backend: large}
  - {pathPrefix: /, backend: shop}
)");
  EXPECT_EQ(routed(router, "/one"), "small /one");
  EXPECT_EQ(routed(router, "/One"), "large /One");
  EXPECT_EQ(routed(router, "/one;a"), "parameter /one;a");
  EXPECT_EQ(routed(router, "/IMG/x"), "large /IMG/x");
  EXPECT_EQ(routed(router, "/docs/"), "large /docs/");
  EXPECT_EQ(routed(router, "/oNe"), "400");
}

// A rule that strips a field for a path must also hold for other spellings of the path.
TEST(PathGate, FieldsThatARuleSetsAreAGateToo) {
  const Router router = make_router(R"(
rules:
- paths:
  - {pathPrefix: /in/, backend: shop, setHeaders: {X-User: ""}}
  - {pathPrefix: /, backend: shop}
)");
  EXPECT_EQ(routed(router, "/IN/x"), "400");
  EXPECT_EQ(routed(router, "/x/..%2fin/x"), "400");
  EXPECT_EQ(routed(router, "/in/x"), "shop /in/x");
}

TEST(FieldsOfTheGateway, AreNotForgedByUnderscores) {
  constexpr std::string_view kRules = R"(
rules: [{paths: [{backend: a, setHeaders: {X-Auth-User: ""}, headers: [{key: X-Role, values: [""]}]}]}]
)";
  http::Request request;
  const auto left = [&](const Router& router) {
    request.headers.clear();
    for (const char* name : {"X_Real_Ip", "x_auth-user", "X_Role", "api_key"})
      request.headers.add(name, "1");
    (void)router.receive(request);
    return request.headers.size();
  };
  EXPECT_EQ(left(make_router(kRules)), 1U);
  EXPECT_EQ(left(make_router("underscoresInHeaders: true" + std::string(kRules))), 4U);
}

}  // namespace
}  // namespace sluice::router
