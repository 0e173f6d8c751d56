// SPDX-License-Identifier: Apache-2.0
#include "backend/sticky_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/text.h"

namespace sluice::backend {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::array<std::size_t, 3> kAll{0, 1, 2};
constexpr std::array<std::size_t, 2> kWithoutTheSecond{0, 2};

StickySession make(StickyMode mode, std::string secret = "0123456789abcdef") {
  StickyOptions options;
  options.secret = std::move(secret);
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

// The cookie contains the salt. Salt and address alone do not give the cookie.
TEST(StickySession, TheCookieTellsNoAddressAndNobodyCanMakeOne) {
  const StickySession sticky = make(StickyMode::duration_based);
  const std::string cookie = pair_of(sticky.cookie({}, {}, 1));
  const std::string bytes = *hex_decode(cookie.substr(cookie.find('=') + 1));
  const std::string salt = bytes.substr(0, 8);
  EXPECT_NE(bytes.substr(8), hmac_sha256(salt, "http://b"));
  const std::string forged = "EG_SESSION=" + hex_encode(salt + hmac_sha256(salt, "http://b"));
  EXPECT_EQ(sticky.find(with_cookie(forged), kAll), std::nullopt);
  EXPECT_EQ(sticky.find(with_cookie(forged + "; " + cookie), kAll), 1U) << "ours is there, too";
  const std::string moved = "EG_SESSION=" + hex_encode("87654321" + bytes.substr(8));
  EXPECT_EQ(sticky.find(with_cookie(moved), kAll), std::nullopt);
}

TEST(StickySession, GatewaysWithOneSecretTakeEachOthersCookies) {
  const std::string cookie = pair_of(make(StickyMode::duration_based).cookie({}, {}, 2));
  EXPECT_EQ(make(StickyMode::duration_based).find(with_cookie(cookie), kAll), 2U);
  const StickySession other = make(StickyMode::duration_based, "another secret..");
  EXPECT_EQ(other.find(with_cookie(cookie), kAll), std::nullopt);
  const StickySession none = make(StickyMode::duration_based, "");
  EXPECT_EQ(none.find(with_cookie(cookie), kAll), std::nullopt);
  EXPECT_EQ(none.find(with_cookie(pair_of(none.cookie({}, {}, 2))), kAll), 2U);
}

TEST(StickySession, ACookieThatIsNotOursIsReplaced) {
  const StickySession sticky = make(StickyMode::application_based);
  const http::Request forged = with_cookie("EG_SESSION=" + std::string(80, '0'));
  const std::string cookie = sticky.cookie(forged, {}, 1);
  EXPECT_EQ(sticky.find(with_cookie(pair_of(cookie)), kAll), 1U);
  EXPECT_EQ(sticky.cookie(with_cookie(pair_of(cookie)), {}, 0), "") << "a good one is not";
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
