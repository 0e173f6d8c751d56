// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/redirect.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::filters {
namespace {

std::vector<backend::Server> servers() {
  return {*backend::parse_server_url("http://10.0.0.1:8080"),
          *backend::parse_server_url("http://shop/api/")};
}

// "-": the client follows the redirect itself.
std::string target(const std::string& location, std::size_t server = 0, int status = 302,
                   const std::string& method = "GET") {
  http::Request request;
  request.method = method;
  request.scheme = "http";
  request.host = "public.example";
  EXPECT_TRUE(request.set_target("/a/b%20c?x=1"));
  http::Response response;
  response.status = status;
  if (!location.empty()) response.headers.add("Location", location);
  const auto all = servers();
  return redirect_target(request, response, all, all[server]).value_or("-");
}

TEST(Redirect, ReferencesAreResolved) {
  EXPECT_EQ(target("/x?y=2"), "/x?y=2");
  EXPECT_EQ(target("x"), "/a/x");
  EXPECT_EQ(target("../x/./y/../z"), "/x/z");
  EXPECT_EQ(target("?y"), "/a/b%20c?y");
  EXPECT_EQ(target("/x#part"), "/x");
  EXPECT_EQ(target("http://public.example/x"), "/x");
  EXPECT_EQ(target("HTTP://PUBLIC.example/x"), "/x");
  EXPECT_EQ(target("//10.0.0.1:8080"), "/");
  EXPECT_EQ(target("http://shop?y"), "/?y");
}

TEST(Redirect, PathOfTheServerIsNotRepeated) {
  EXPECT_EQ(target("/api/x", 1), "/x");
  EXPECT_EQ(target("x", 1), "/a/x");
  EXPECT_EQ(target("/api", 1), "/");
  EXPECT_EQ(target("/other", 1), "-") << "cannot be asked for through this server";
  EXPECT_EQ(target("/apis", 1), "-");
  for (const char* out :
       {"/api/../x", "/api/%2e%2e/x", "/api/.%2E%2fx", "/api/..%5Cx", "/api/..\\x"})
    EXPECT_EQ(target(out, 1), "-") << out;
  EXPECT_EQ(target("/api/a%2Fb..", 1), "/a%2Fb..");
}

TEST(Redirect, WhatIsTheClientsToFollow) {
  EXPECT_EQ(target("http://169.254.169.254/secrets"), "-");
  EXPECT_EQ(target("http://10.0.0.1:22/"), "-");
  EXPECT_EQ(target("//evil.example/x"), "-");
  EXPECT_EQ(target("https://public.example/x"), "-") << "the client is to come by TLS";
  EXPECT_EQ(target("ftp://public.example/x"), "-");
  EXPECT_EQ(target("javascript:alert(1)"), "-");
  EXPECT_EQ(target("http:/x"), "-");
  EXPECT_EQ(target(""), "-");
  EXPECT_EQ(target("/x", 0, 304), "-");
  EXPECT_EQ(target("/x", 0, 200), "-");
  EXPECT_EQ(target("/x", 0, 302, "POST"), "-");
  for (const int status : {301, 303, 307, 308}) EXPECT_EQ(target("/x", 0, status), "/x") << status;
}

TEST(Redirect, WhatAReferenceIsAbout) {
  http::Request request;
  request.scheme = "http";
  request.host = "public.example";
  EXPECT_TRUE(request.set_target("/a/b%20c?x=1"));
  const auto target = [&](std::string_view reference) {
    return target_of_reference(request, reference, servers()).value_or("-");
  };
  EXPECT_EQ(target("/x?y"), "/x?y");
  EXPECT_EQ(target("x"), "/a/x");
  EXPECT_EQ(target("?y"), "/a/b%20c?y");
  EXPECT_EQ(target(""), "/a/b%20c");
  EXPECT_EQ(target("http://PUBLIC.example/x"), "/x");
  EXPECT_EQ(target("//shop/x"), "/x") << "a server's own name";
  EXPECT_EQ(target("http://elsewhere/x"), "-");
  EXPECT_EQ(target("https://public.example/x"), "-");
}

TEST(Redirect, DotSegments) {
  EXPECT_EQ(remove_dot_segments("/a/b/c/./../../g"), "/a/g");
  EXPECT_EQ(remove_dot_segments("/../../g"), "/g");
  EXPECT_EQ(remove_dot_segments("/a/.."), "/");
  EXPECT_EQ(remove_dot_segments("/a/."), "/a/");
  EXPECT_EQ(remove_dot_segments("/..a/.b/c."), "/..a/.b/c.");
  EXPECT_EQ(remove_dot_segments("/a//b"), "/a//b");
}

}  // namespace
}  // namespace sluice::filters
