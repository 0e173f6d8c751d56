// SPDX-License-Identifier: Apache-2.0
#include "router/header_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/path_matcher.h"

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
  const HeaderTemplate compiled(text, {"id"}, "h", faults);
  if (!faults.empty()) return faults.lines().front();
  const Captures captures{{"id", "7"}};
  return compiled.expand(sample(), {"8.8.8.8", std::chrono::milliseconds(1234), &captures});
}

TEST(HeaderTemplate, KnowsItsVariables) {
  EXPECT_EQ(expand("$host|$remote_addr|$uri|$args"), "shop.com|8.8.8.8|/a b|x=1&y=%0a");
  EXPECT_EQ(expand("${arg_x}0 $http_user_agent $cookie_sid $http_host"),
            "10 curl 42 shop.com:8080");
  EXPECT_EQ(expand("${arg_z:none} ${arg_x:none} $arg_z"), "none 1 ");
  EXPECT_EQ(expand("plain $ ${ $-"), "plain $ ${ $-");
  EXPECT_THAT(expand("$nope"), testing::StartsWith("h: \"nope\" is no variable, try $host"));
}

TEST(HeaderTemplate, KnowsThoseOfNginx) {
  http::Request request = sample();
  request.method = "POST";
  request.scheme = "https";
  for (const auto& [name, value] :
       {std::pair("Content-Type", "text/plain"), std::pair("Content-Length", "12"),
        std::pair("X-Forwarded-For", "1.1.1.1"), std::pair("Authorization", "basic dXNlcjpwOnE=")})
    request.headers.add(name, value);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"$request_method $request_uri", "POST /a%20b?x=1&y=%0a"},
      {"$request", "POST /a%20b?x=1&y=%0a HTTP/1.1"},
      {"$scheme://$hostname $server_name", "https://shop.com shop.com"},
      {"$query_string $server_protocol", "x=1&y=%0a HTTP/1.1"},
      {"$remote_user $content_type $content_length $request_length", "user text/plain 12 12"},
      {"$proxy_add_x_forwarded_for", "1.1.1.1, 8.8.8.8"},
      {"$request_time", "1.234"}};
  for (const auto& [text, expected] : cases) {
    config::Faults faults;
    const HeaderTemplate made(text, {}, "h", faults);
    EXPECT_THAT(faults.lines(), ElementsAre()) << text;
    EXPECT_EQ(made.expand(request, {"8.8.8.8", std::chrono::milliseconds(1234)}), expected);
  }
  EXPECT_EQ(expand("$request_length${remote_user:nobody}"), "0nobody");
  EXPECT_EQ(expand("$proxy_add_x_forwarded_for"), "8.8.8.8");
  const auto like = [](const char* pattern) { return testing::MatchesRegex(pattern); };
  EXPECT_THAT(expand("$msec"), like("[0-9]{10}\\.[0-9]{3}"));
  EXPECT_THAT(expand("$time_msec"), like("[0-9]{10}\\.[0-9]{3}"));
  EXPECT_THAT(expand("$time_iso8601"), like("20[0-9-]{8}T[0-9:]{8}\\+00:00"));
  EXPECT_THAT(expand("$time_local"), like("[0-9]{2}/[A-Z][a-z]{2}/20[0-9]{2}:[0-9:]{8} \\+0000"));
}

TEST(HeaderTemplate, ADefaultMayHaveVariables) {
  EXPECT_EQ(expand("${arg_z:${cookie_none:${arg_x}}}!"), "1!");
  EXPECT_EQ(expand("${arg_z:<$arg_x>}"), "<1>");
  std::string deep = "x";
  for (int i = 0; i < 9; ++i) deep = "${arg_z:" + deep + "}";
  EXPECT_EQ(expand(deep), "h: has a default within 8 others");
}

TEST(HeaderTemplate, KnowsThePartsOfThePath) {
  EXPECT_EQ(expand("$id ${id}x ${id:none}"), "7 7x 7");
  EXPECT_EQ(expand("${number:none}"), "none");
  config::Faults faults;
  const HeaderTemplate made("${number:none}", {}, "h", faults);
  EXPECT_EQ(faults.warnings().size(), 1U);
}

TEST(HeaderTemplate, LooksAtEveryField) {
  config::Faults faults;
  http::Request request = sample();
  request.headers.add("cookie", "late=7");
  request.headers.add("User-Agent", "");
  request.headers.add("User-Agent", "more");
  const HeaderTemplate made("$cookie_late|$http_user_agent|$http_cookie", {}, "h", faults);
  EXPECT_EQ(made.expand(request, {}), "7|curl, more|sid=42; t=u; late=7");
}

TEST(HeaderSetter, SetsAndRemoves) {
  config::Faults faults;
  const HeaderSetter setter({{"x-new", "$host"},
                             {"User-Agent", ""},
                             {"X-Agent", "$http_user_agent"},
                             {"X-Split", "a$arg_y"},
                             {"X-Blank", "$arg_blank"},
                             {"Host", "other.com"}},
                            {}, "setHeaders", faults);
  ASSERT_TRUE(faults.empty());
  http::Request request = sample();
  request.query += "&blank=%20root";
  request.headers.add("X-Split", "old");
  setter.apply(request, {.client_ip = "8.8.8.8"});
  EXPECT_EQ(request.headers.get("X-New"), "shop.com");
  EXPECT_EQ(request.headers.get("User-Agent"), std::nullopt);
  EXPECT_EQ(request.headers.get("X-Agent"), "curl");
  EXPECT_EQ(request.headers.get("X-Split"), std::nullopt) << "a line break would split the header";
  EXPECT_EQ(request.headers.get("X-Blank"), std::nullopt) << "the backend would read root";
  EXPECT_EQ(request.host, "other.com");
}

TEST(HeaderSetter, RefusesWhatIsNoHeader) {
  config::Faults faults;
  const HeaderSetter setter({{"a b", "x"}, {"content-length", "1"}, {"X", "a\nb"}}, {}, "s",
                            faults);
  EXPECT_THAT(
      faults.lines(),
      ElementsAre("s.X: has control characters", "s[\"a b\"]: \"a b\" is not the name of a header",
                  "s.content-length: belongs to the connection and cannot be set"));
}

}  // namespace
}  // namespace sluice::router
