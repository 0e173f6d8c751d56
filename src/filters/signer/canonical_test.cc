// SPDX-License-Identifier: Apache-2.0
#include "filters/signer/canonical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

http::Request request_for(std::string_view target) {
  http::Request request;
  request.method = "GET";
  request.scheme = "https";
  request.host = "shop.test";
  EXPECT_TRUE(request.set_target(target));
  return request;
}

std::string query_of(std::string_view query) {
  auto pairs = parse_query(query);
  return pairs ? canonical_query(*std::move(pairs)) : "refused";
}

TEST(Canonical, QueryIsSortedAndEncoded) {
  EXPECT_EQ(query_of(""), "");
  EXPECT_EQ(query_of("b=2&a=1"), "a=1&b=2");
  EXPECT_EQ(query_of("a=2&a=1&&a"), "a=&a=1&a=2");
  EXPECT_EQ(query_of("q=a+b"), "q=a%20b");
  EXPECT_EQ(query_of("q=a%20b"), "q=a%20b");
  EXPECT_EQ(query_of("q=a=b/c"), "q=a%3Db%2Fc");
  EXPECT_EQ(query_of("%7ex=%41"), "~x=A");
}

TEST(Canonical, QueryThatCannotBeDecodedIsRefused) {
  EXPECT_EQ(query_of("a=1&b=%zz"), "refused");
  EXPECT_EQ(query_of("a=1&%=2"), "refused");
  EXPECT_EQ(query_of("a=%00"), "refused");
}

TEST(Canonical, PathIsEncodedOnceMore) {
  EXPECT_EQ(canonical_path(""), "/");
  EXPECT_EQ(canonical_path("/a/b-c_d.e~f"), "/a/b-c_d.e~f");
  EXPECT_EQ(canonical_path("/a%20b:c"), "/a%2520b%3Ac");
}

TEST(Canonical, HostHasNoDefaultPort) {
  auto request = request_for("/");
  const auto host = [&](std::string_view scheme, std::string_view text) {
    request.scheme = scheme;
    request.host = text;
    return canonical_headers(request, {"host"});
  };
  EXPECT_EQ(host("https", "shop.test:443"), "host:shop.test\n");
  EXPECT_EQ(host("http", "shop.test:443"), "host:shop.test:443\n");
  EXPECT_EQ(host("http", "shop.test:80"), "host:shop.test\n");
  EXPECT_EQ(host("http", "[::1]:80"), "host:[::1]\n");
  EXPECT_EQ(host("http", "[::1]"), "host:[::1]\n");
}

TEST(Canonical, ValuesAreJoinedAndCollapsed) {
  auto request = request_for("/");
  request.headers.add("X-A", "  one   two ");
  request.headers.add("x-a", "three");
  EXPECT_EQ(canonical_headers(request, {"host", "x-a", "x-none"}),
            "host:shop.test\nx-a:one two,three\nx-none:\n");
}

TEST(Canonical, TimesAreExact) {
  const auto when = parse_sign_time("20260228T235958Z");
  ASSERT_TRUE(when);
  EXPECT_EQ(format_sign_time(*when), "20260228T235958Z");
  for (const char* text : {"", "20260230T000000Z", "20260228T240000Z", "20260228T006000Z",
                           "20260228T000000", "2026022 T000000Z", "20261301T000000Z",
                           "20260228 000000Z", "-0260228T000000Z", "20260228T000000z"})
    EXPECT_FALSE(parse_sign_time(text)) << text;
  EXPECT_EQ(parse_sign_time("19700101T000001Z")->time_since_epoch().count(), 1);
}

}  // namespace
}  // namespace sluice::filters
