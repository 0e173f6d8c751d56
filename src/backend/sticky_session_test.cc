// SPDX-License-Identifier: Apache-2.0
#include "backend/sticky_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::backend {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::array<std::size_t, 3> kAll{0, 1, 2};
constexpr std::array<std::size_t, 2> kWithoutTheSecond{0, 2};

StickySession make(StickyMode mode) {
  StickyOptions options;
  options.mode = mode;
  options.app_cookie = "user";
  std::vector<Server> servers;
  for (const char* url : {"http://a", "http://b", "http://c"}) {
    servers.push_back(*parse_server_url(url));
  }
  return {options, servers};
}

http::Request with_cookie(const std::string& cookie) {
  http::Request request;
  request.headers.add("Cookie", cookie);
  return request;
}

std::string pair_of(const std::string& set_cookie) {
  return set_cookie.substr(0, set_cookie.find(';'));
}

TEST(StickySession, OwnCookieNamesTheServer) {
  const StickySession sticky = make(StickyMode::duration_based);
  for (std::size_t server = 0; server < 3; ++server) {
    const std::string cookie = sticky.cookie({}, {}, server);
    EXPECT_THAT(cookie, StartsWith("EG_SESSION="));
    EXPECT_THAT(cookie, EndsWith("; Path=/; Max-Age=7200; HttpOnly; SameSite=Lax"));
    EXPECT_THAT(cookie, Not(HasSubstr("http")));
    const http::Request back = with_cookie("x=1; " + pair_of(cookie) + "; y=2");
    EXPECT_EQ(sticky.find(back, kAll), server);
  }
  http::Request secure;
  secure.scheme = "https";
  EXPECT_THAT(sticky.cookie(secure, {}, 0), EndsWith("; Secure"));
}

TEST(StickySession, WithoutAGoodCookieOrTheServerTheBalancerChooses) {
  const StickySession sticky = make(StickyMode::duration_based);
  EXPECT_EQ(sticky.find({}, kAll), std::nullopt);
  const std::string cookie = pair_of(sticky.cookie({}, {}, 1));
  EXPECT_EQ(sticky.find(with_cookie(cookie), kWithoutTheSecond), std::nullopt);
  std::string forged = cookie;
  forged.back() = forged.back() == '0' ? '1' : '0';
  for (const std::string& bad : {forged, cookie + "00", std::string("EG_SESSION="),
                                 std::string("EG_SESSION=zz"), std::string("EG_SESSION=00")}) {
    EXPECT_EQ(sticky.find(with_cookie(bad), kAll), std::nullopt) << bad;
  }
  EXPECT_EQ(sticky.find(with_cookie(cookie), {}), std::nullopt);
}

TEST(StickySession, ApplicationBasedFollowsTheApplication) {
  const StickySession sticky = make(StickyMode::application_based);
  http::Response response;
  EXPECT_EQ(sticky.cookie({}, response, 0), "");
  response.headers.add("Set-Cookie", "username=x");
  EXPECT_EQ(sticky.cookie({}, response, 0), "");
  response.headers.add("Set-Cookie", "user=x; Path=/");
  EXPECT_EQ(sticky.find(with_cookie(pair_of(sticky.cookie({}, response, 2))), kAll), 2U);
}

TEST(StickySession, ConsistentHashMovesOnlyWhoMust) {
  const StickySession sticky = make(StickyMode::cookie_consistent_hash);
  EXPECT_EQ(sticky.cookie({}, {}, 0), "");
  EXPECT_EQ(sticky.find(with_cookie("other=1"), kAll), std::nullopt);
  std::array<int, 3> counts{};
  for (int i = 0; i < 300; ++i) {
    const http::Request request = with_cookie("user=u" + std::to_string(i));
    const auto server = sticky.find(request, kAll);
    ASSERT_TRUE(server);
    ++counts.at(*server);
    if (*server != 1) {
      EXPECT_EQ(sticky.find(request, kWithoutTheSecond), server);
    }
  }
  for (const int count : counts) EXPECT_GT(count, 60);
}

}  // namespace
}  // namespace sluice::backend
