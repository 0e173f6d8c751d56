// SPDX-License-Identifier: Apache-2.0
#include "router/header_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::router {
namespace {

using testing::ElementsAre;

http::Request sample() {
  http::Request request;
  EXPECT_TRUE(request.set_target("/a%20b?x=1&y=%0a"));
  request.host = "shop.com:8080";
  request.headers.add("User-Agent", "curl");
  request.headers.add("Cookie", "sid=42; t=u");
  return request;
}

std::string expand(const std::string& text) {
  config::Faults faults;
  const HeaderTemplate compiled(text, "h", faults);
  if (!faults.empty()) return faults.lines().front();
  return compiled.expand(sample(), "8.8.8.8");
}

TEST(HeaderTemplate, KnowsItsVariables) {
  EXPECT_EQ(expand("$host|$remote_addr|$uri|$args"), "shop.com|8.8.8.8|/a b|x=1&y=%0a");
  EXPECT_EQ(expand("${arg_x}0 $http_user_agent $cookie_sid $http_host"),
            "10 curl 42 shop.com:8080");
  EXPECT_EQ(expand("${arg_z:none} ${arg_x:none} $arg_z"), "none 1 ");
  EXPECT_EQ(expand("plain $ ${ $-"), "plain $ ${ $-");
  EXPECT_THAT(expand("$nope"), testing::StartsWith("h: \"nope\" is no variable, try $host"));
}

TEST(HeaderTemplate, LooksAtEveryField) {
  config::Faults faults;
  http::Request request = sample();
  request.headers.add("cookie", "late=7");
  request.headers.add("User-Agent", "");
  request.headers.add("User-Agent", "more");
  const HeaderTemplate made("$cookie_late|$http_user_agent|$http_cookie", "h", faults);
  EXPECT_EQ(made.expand(request, ""), "7|curl, more|sid=42; t=u; late=7");
}

TEST(HeaderSetter, SetsAndRemoves) {
  config::Faults faults;
  const HeaderSetter setter({{"x-new", "$host"},
                             {"User-Agent", ""},
                             {"X-Agent", "$http_user_agent"},
                             {"X-Split", "a$arg_y"},
                             {"Host", "other.com"}},
                            "setHeaders", faults);
  ASSERT_TRUE(faults.empty());
  http::Request request = sample();
  request.headers.add("X-Split", "old");
  setter.apply(request, "8.8.8.8");
  EXPECT_EQ(request.headers.get("X-New"), "shop.com");
  EXPECT_EQ(request.headers.get("User-Agent"), std::nullopt);
  EXPECT_EQ(request.headers.get("X-Agent"), "curl");
  EXPECT_EQ(request.headers.get("X-Split"), std::nullopt) << "a line break would split the header";
  EXPECT_EQ(request.host, "other.com");
}

TEST(HeaderSetter, RefusesWhatIsNoHeader) {
  config::Faults faults;
  const HeaderSetter setter({{"a b", "x"}, {"content-length", "1"}, {"X", "a\nb"}}, "s", faults);
  EXPECT_THAT(
      faults.lines(),
      ElementsAre("s.X: has control characters", "s[\"a b\"]: \"a b\" is not the name of a header",
                  "s.content-length: belongs to the connection and cannot be set"));
}

}  // namespace
}  // namespace sluice::router
