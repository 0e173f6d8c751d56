// SPDX-License-Identifier: Apache-2.0
// Covers: query.cc, reason_phrase.cc
#include "http/message.h"

#include <gtest/gtest.h>

#include "http/reason_phrase.h"

namespace sluice::http {
namespace {

TEST(Request, SetTargetOriginForm) {
  Request request;
  request.host = "kept";
  ASSERT_TRUE(request.set_target("/a%2Fb/%C3%A4?x=/%zz?"));
  EXPECT_EQ(request.escaped_path, "/a%2Fb/%C3%A4");
  EXPECT_EQ(request.path, "/a/b/\xc3\xa4");
  EXPECT_EQ(request.query, "x=/%zz?");
  EXPECT_EQ(request.target(), "/a%2Fb/%C3%A4?x=/%zz?");
  EXPECT_EQ(request.host, "kept");
  ASSERT_TRUE(request.set_target("/a?"));
  EXPECT_EQ(request.target(), "/a?");
  ASSERT_TRUE(request.set_target("//b"));
  EXPECT_EQ(request.target(), "//b");
}

TEST(Request, SetTargetAbsoluteForm) {
  Request request;
  ASSERT_TRUE(request.set_target("Http://shop:81/a?b"));
  EXPECT_EQ(request.scheme, "http");
  EXPECT_EQ(request.host, "shop:81");
  EXPECT_EQ(request.target(), "/a?b");
  ASSERT_TRUE(request.set_target("https://shop"));
  EXPECT_EQ(request.scheme, "https");
  EXPECT_EQ(request.target(), "/");
}

TEST(Request, SetTargetRefuses) {
  Request request;
  for (const char* target :
       {"", "a", "a:80", "http:/a", "http://", "http://?a", "ftp://a", "/a b", "/a#b", "/%", "/%1",
        "/%g0", "/%00", "/\x7f", "**", "http://a b/", "http://u@a/"}) {
    EXPECT_FALSE(request.set_target(target)) << target;
  }
}

TEST(Request, SetPath) {
  Request request;
  ASSERT_TRUE(request.set_target("/a%2fb?q"));
  request.set_path("/a/b");
  EXPECT_EQ(request.target(), "/a%2fb?q");
  request.set_path("/x y?\xc3\xa4%");
  EXPECT_EQ(request.path, "/x y?\xc3\xa4%");
  EXPECT_EQ(request.target(), "/x%20y%3F%C3%A4%25?q");
  request.set_path("");
  EXPECT_EQ(request.target(), "/?q");
  request.set_path("a\r\n");
  EXPECT_EQ(request.path, "/a\r\n");
  EXPECT_EQ(request.escaped_path, "/a%0D%0A");
}

TEST(Request, Clear) {
  Request request;
  ASSERT_TRUE(request.set_target("https://a/b?c"));
  request.method = "PUT";
  request.version = Version::http10;
  request.headers.add("a", "b");
  request.body.assign("x");
  request.clear();
  EXPECT_EQ(request.method + request.scheme + request.host + request.path + request.target(), "");
  EXPECT_TRUE(request.headers.empty());
  EXPECT_EQ(request.body.length(), 0u);
  EXPECT_EQ(request.version, Version::http11);
}

TEST(Percent, DecodeAndEncode) {
  std::string out = "old";
  EXPECT_TRUE(percent_decode("a%41%7e+", out));
  EXPECT_EQ(out, "aA~+");
  EXPECT_FALSE(percent_decode("%", out));
  EXPECT_FALSE(percent_decode("%0", out));
  EXPECT_FALSE(percent_decode("%x0", out));
  EXPECT_FALSE(percent_decode("%00", out));
  for (int c = 1; c < 256; ++c) {
    const std::string text(1, static_cast<char>(c));
    ASSERT_TRUE(percent_decode(percent_encode_path(text), out));
    EXPECT_EQ(out, text);
  }
}

TEST(Host, Valid) {
  for (const char* host :
       {"a", "A-1.example.", "a_b", "127.0.0.1:80", "[::1]", "[fe80::1.2.3.4]:65535", "a:"}) {
    EXPECT_TRUE(is_host(host)) << host;
  }
  for (const char* host :
       {"", ":80", "a b", "a,b", "a:b", "a:1:2", "a:65536", "a:000080", "[]", "[::1", "::1",
        "[::1]a", "[g::]", "[fe80::1%25eth0]", "a@b", "a/b", "a\\b", "\xc3\xa4", "a%20"}) {
    EXPECT_FALSE(is_host(host)) << host;
  }
}

TEST(Names, StatusAndVersion) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(299), "");
  EXPECT_EQ(to_string(Version::http10), "HTTP/1.0");
  EXPECT_EQ(to_string(Version::http2), "HTTP/2.0");
}

}  // namespace
}  // namespace sluice::http
