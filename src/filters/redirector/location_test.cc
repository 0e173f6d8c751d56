// SPDX-License-Identifier: Apache-2.0
#include "filters/redirector/location.h"

#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

using router::Pattern;
using router::Replacement;

// The location that `replacement` makes of `text`, with its verdict: "! " in front if it leads
// astray.
std::string made(const std::string& match, const std::string& replacement, std::string_view text,
                 std::size_t trusted = 0) {
  config::Faults faults;
  const auto pattern = Pattern::compile(match, "m", faults);
  const auto to = Replacement::parse(replacement, *pattern, "r", faults);
  std::vector<Replacement::Traced> pieces;
  const std::string location = to->apply_traced(*pattern, text, kLocationBytesMax, pieces).value();
  return (leads_astray(location, pieces, trusted) ? "! " : "") + location;
}

TEST(Location, OfTheTemplateMayLeadAnywhere) {
  EXPECT_EQ(made("^/a$", "https://shop.example/b", "/a"), "https://shop.example/b");
  EXPECT_EQ(made("^/a$", "//shop.example:81", "/a"), "//shop.example:81");
  EXPECT_EQ(made("^/a$", "http://[::1]:80/", "/a"), "http://[::1]:80/");
  EXPECT_EQ(made("^/a$", "mailto:shop@example", "/a"), "! mailto:shop@example");
  EXPECT_EQ(made("^/a$", "http:/b", "/a"), "! http:/b");
}

TEST(Location, TakesPathAndQueryFromTheRequest) {
  EXPECT_EQ(made("^(.*)$", "/prefix$1", "/a?b=//c"), "/prefix/a?b=//c");
  EXPECT_EQ(made("^(.*)$", "http://shop.example$1", "/a"), "http://shop.example/a");
  EXPECT_EQ(made("^/u/(\\d+)", "http://shop.example/d?u=$1", "/u/7"), "http://shop.example/d?u=7");
  EXPECT_EQ(made("^/go/(.*)$", "$1", "/go/a:b"), "! a:b");
  EXPECT_EQ(made("^/go/(.*)$", "$1", "/go/a/b:c"), "a/b:c");
}

TEST(Location, TextOfTheRequestNamesNoSite) {
  const std::vector<std::string_view> tails = {"/go//evil.example",      "/gohttp://evil.example",
                                               "/gohttps:evil.example",  "/go//",
                                               "/goHTTP://evil.example", "/gojavascript:alert(1)"};
  for (const auto tail : tails) EXPECT_EQ(made("^/go(.*)$", "$1", tail).substr(0, 2), "! ") << tail;
  EXPECT_EQ(made("^/go(.*)$", "/$1", "/go/evil.example"), "! //evil.example");
  EXPECT_EQ(made("^/go\\?to=(.*)$", "$1", "/go?to=https://evil.example/"),
            "! https://evil.example/");
}

TEST(Location, TextOfTheRequestDoesNotContinueAHost) {
  const std::vector<std::string_view> tails = {".evil.example", "@evil.example", ":80@evil.example",
                                               "evil.example/", "\\.evil.example"};
  for (const auto tail : tails) {
    EXPECT_EQ(made("^/go(.*)$", "http://shop.example$1", "/go" + std::string(tail)).substr(0, 2),
              "! ")
        << tail;
  }
  EXPECT_EQ(made("^/go(.*)$", "http://shop.example$1", "/go?a@b"), "http://shop.example?a@b");
}

TEST(Location, TextOfTheRequestMayBeginAHost) {
  EXPECT_EQ(made("^/([^/]+)/", "https://$1.example.com/", "/de/x"), "https://de.example.com/x");
  const std::vector<std::string_view> labels = {"/evil.example?/", "/evil.example\\/",
                                                "/evil.example@/", "/evil.example%2F/",
                                                "/evil.example:80/"};
  for (const auto label : labels) {
    EXPECT_EQ(made("^/([^/]+)/", "https://$1.example.com/", label).substr(0, 2), "! ") << label;
  }
  EXPECT_EQ(made("^/([^/]+)/", "https://$1:8443/", "/evil.example/"),
            "! https://evil.example:8443/");
}

TEST(Location, OwnSiteIsTrusted) {
  constexpr std::string_view kText = "http://shop.example/a";
  const std::size_t site = kText.size() - 2;
  EXPECT_EQ(made("(^.*//)([^/]*)(.*)$", "${1}${2}/prefix$3", kText, site),
            "http://shop.example/prefix/a");
  EXPECT_EQ(made("(^.*//)([^/]*)(.*)$", "${1}my.com${3}", kText, site), "http://my.com/a");
  EXPECT_EQ(made("(^.*//)([^/]*)(.*)$", "${1}${2}", "http:///a", 7), "! http:///a");
}

TEST(Location, IsEncoded) {
  EXPECT_EQ(encode_location("/a%20b?c=[d]#e"), "/a%20b?c=[d]#e");
  EXPECT_EQ(encode_location("/\\a\"<>\xc3\xa9\r\n"), "/%5Ca%22%3C%3E%C3%A9%0D%0A");
}

TEST(Location, MakesARedirect) {
  http::Response response;
  redirect(response, 308, "/a");
  EXPECT_EQ(response.status, 308);
  EXPECT_EQ(response.headers.get("Location"), "/a");
  EXPECT_EQ(response.body.bytes(), "Permanent Redirect");
}

}  // namespace
}  // namespace sluice::filters
