// SPDX-License-Identifier: Apache-2.0
#include "egctl/api_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::egctl {
namespace {

using testing::ElementsAre;

TEST(ParseEndpoint, Forms) {
  const std::vector<std::pair<std::string, std::pair<std::string, int>>> forms = {
      {"localhost", {"localhost", 2381}},
      {"localhost:2400", {"localhost", 2400}},
      {"http://10.0.0.1:80/", {"10.0.0.1", 80}},
      {"[::1]:2381", {"::1", 2381}},
      {"[::1]", {"::1", 2381}}};
  for (const auto& [text, expected] : forms) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->host, expected.first);
    EXPECT_EQ(endpoint->port, expected.second);
    EXPECT_EQ(endpoint->text, text);
  }
  for (const char* text :
       {"", ":2381", "a:b", "a:0", "a:65536", "a:1:2", "[::1", "[::1]x", "a/b", "https://"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
}

TEST(ParseEndpoint, ShowsNoPassword) {
  for (const char* text :
       {"u:secret@h:1", "http://u:secret@h", "https://u:secret@h:x", "secret@h"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().message.find("secret"), std::string::npos);
  }
}

TEST(ErrorOf, JsonAndAnythingElse) {
  const Error faults =
      error_of({400, R"({"code":400,"message":"2 faults","errors":["a: b","c: d"]})"});
  EXPECT_EQ(faults.kind, ErrorKind::invalid);
  EXPECT_EQ(faults.message, "400: 2 faults");
  EXPECT_THAT(faults.details, ElementsAre("a: b", "c: d"));
  EXPECT_EQ(error_of({502, "bad gateway\n<html>"}).message, "502: bad gateway");
  EXPECT_EQ(error_of({503, ""}).message, "503: no reason given");
  EXPECT_EQ(error_of({500, R"({"message":7})"}).message, R"(500: {"message":7})");
}

TEST(PercentEncode, Segments) { EXPECT_EQ(percent_encode("a-b_c.~/ \xc3"), "a-b_c.~%2F%20%C3"); }

}  // namespace
}  // namespace sluice::egctl
