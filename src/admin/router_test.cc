// SPDX-License-Identifier: Apache-2.0
#include "admin/router.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.add({"object", "GET", "/objects",
                 [](const ApiRequest&, const PathNames&) { return respond_text("list"); }});
    router_.add(
        {"object", "PUT", "/objects/{name}", [](const ApiRequest& request, const PathNames& names) {
           return respond_text(names[0] + request.body);
         }});
    router_.add({"customdata", "GET", "/customdata/{kind}/{id}",
                 [](const ApiRequest&, const PathNames& names) {
                   return respond_text(names[0] + "|" + names[1]);
                 }});
    router_.add(
        {"", "GET", "", [](const ApiRequest&, const PathNames&) { return respond_text("root"); }});
  }
  ApiResponse call(const std::string& method, const std::string& target) {
    ApiRequest request;
    request.method = method;
    const auto parsed = parse_target(target, request);
    if (!parsed) return respond_error(parsed.error());
    const auto match = router_.find(request);
    return match ? *match->route->handler(request, match->names) : match.error();
  }
  ApiRouter router_;
};

TEST_F(RouterTest, AnIdNeedNotBeAName) {
  EXPECT_EQ(call("GET", "/apis/v2/customdata/users/ann%40example.com%2F1").body,
            "users|ann@example.com/1");
  EXPECT_EQ(call("GET", "/apis/v2/customdata/users/a%0Ab").status, 400);
  EXPECT_EQ(call("GET", "/apis/v2/customdata/a%40b/ann").status, 400) << "a kind has a name";
}

TEST_F(RouterTest, BothPrefixesAndTrailingSlash) {
  for (const char* target : {"/apis/v1/objects", "/apis/v2/objects", "/apis/v2/objects/",
                             "/apis/v2/objects?x=1", "/apis/v2/objects/?x"}) {
    EXPECT_EQ(call("GET", target).body, "list") << target;
  }
  EXPECT_EQ(call("HEAD", "/apis/v2/objects").body, "list");
  EXPECT_EQ(call("GET", "/apis/v2").body, "root");
  EXPECT_EQ(call("GET", "/apis/v2/").body, "root");
}

TEST_F(RouterTest, ThePageHasTheRootAndAFolder) {
  const auto add = [this](const char* pattern) {
    router_.add({"picture", "GET", pattern,
                 [pattern](const ApiRequest&, const PathNames&) { return respond_text(pattern); }});
  };
  add("/picture");
  add("/picture/app.js");
  for (const char* target : {"/", "/?x=1", "/picture", "/apis/v2/picture"})
    EXPECT_EQ(call("GET", target).body, "/picture") << target;
  EXPECT_EQ(call("GET", "/picture/app.js").body, "/picture/app.js");
  for (const char* target : {"/picturesque", "/picture/b.js", "/app.js", "//"})
    EXPECT_EQ(call("GET", target).status, 404) << target;
}

TEST_F(RouterTest, NamesAreDecodedAndChecked) {
  EXPECT_EQ(call("PUT", "/apis/v2/objects/flash%2Dsale").body, "flash-sale");
  EXPECT_EQ(call("PUT", "/apis/v2/objects/a%2Fb").status, 400);
  EXPECT_EQ(call("PUT", "/apis/v2/objects/a%20b").status, 400);
  EXPECT_EQ(call("PUT", "/apis/v2/objects/a%2").status, 400);
}

TEST_F(RouterTest, AllowIsOfTheNearestPattern) {
  router_.add({"customdata", "POST", "/customdata/{kind}/items",
               [](const ApiRequest&, const PathNames& names) { return respond_text(names[0]); }});
  EXPECT_EQ(call("POST", "/apis/v2/customdata/users/items").body, "users");
  EXPECT_EQ(call("GET", "/apis/v2/customdata/users/items").status, 400) << "no id is called so";
  EXPECT_EQ(call("PUT", "/apis/v2/customdata/users/items").allow, "POST");
  EXPECT_EQ(call("PUT", "/apis/v2/customdata/users/ann").allow, "GET");
}

TEST_F(RouterTest, UnknownPathsAndMethods) {
  for (const char* target : {"/", "/apis", "/apis/v3/objects", "/apis/v2x/objects",
                             "/apis/v2/object", "/apis/v2/objects/a/b", "*"}) {
    EXPECT_EQ(call("GET", target).status, 404) << target;
  }
  const ApiResponse refused = call("DELETE", "/apis/v2/objects");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.allow, "GET");
  EXPECT_EQ(Json::parse(refused.body)["code"], 405);
}

TEST_F(RouterTest, ListsItself) {
  const Json list = router_.list();
  EXPECT_EQ(list[0]["group"], "object");
  EXPECT_EQ(list[0]["entries"][1], (Json{{"path", "/apis/v2/objects/{name}"}, {"method", "PUT"}}));
}

TEST(ParseTarget, Query) {
  ApiRequest request;
  ASSERT_TRUE(parse_target("/apis/v2/objects?all=true&prefix=id%2F+x&limit=10&empty", request));
  EXPECT_EQ(request.query.at("prefix"), "id/ x");
  EXPECT_TRUE(query_flag(request, "all"));
  EXPECT_TRUE(query_flag(request, "empty"));
  EXPECT_FALSE(query_flag(request, "none"));
  EXPECT_EQ(query_number(request, "limit", 5, 1, 10).value(), 10);
  EXPECT_EQ(query_number(request, "none", 5, 1, 10).value(), 5);
  EXPECT_FALSE(query_number(request, "limit", 5, 1, 9));
  EXPECT_FALSE(query_number(request, "prefix", 5, 1, 9));
}

TEST(Respond, YamlIfAccepted) {
  ApiRequest request;
  EXPECT_EQ(respond(request, Json{{"a", 1}}).body, R"({"a":1})");
  request.accept = "text/x-yaml";
  const ApiResponse yaml = respond(request, Json{{"a", 1}});
  EXPECT_EQ(yaml.body, "a: 1\n");
  EXPECT_EQ(yaml.content_type, "text/x-yaml");
}

TEST(RespondError, CarriesTheFaults) {
  const ApiResponse response =
      respond_error(Error{ErrorKind::invalid, "2 faults", {"a: b", "c: d"}});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(Json::parse(response.body),
            (Json{{"code", 400}, {"message", "2 faults"}, {"errors", {"a: b", "c: d"}}}));
}

}  // namespace
}  // namespace sluice::admin
