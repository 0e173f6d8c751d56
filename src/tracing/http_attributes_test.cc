// SPDX-License-Identifier: Apache-2.0
#include "tracing/http_attributes.h"

#include <gtest/gtest.h>

namespace sluice::tracing {
namespace {

class HttpAttributes : public ::testing::Test {
 protected:
  std::string text(std::string_view key) const {
    for (const Attribute& each : recording_.spans()[0].attributes) {
      if (each.key != key) continue;
      const auto* value = std::get_if<std::string>(&each.value);
      return value != nullptr ? *value : std::to_string(std::get<std::int64_t>(each.value));
    }
    return "-";
  }
  Recording recording_{{1, 2}, "", {}};
  Span& span_ = *recording_.add({});
};

TEST_F(HttpAttributes, NamesHaveFewValues) {
  EXPECT_EQ(span_name("GET", ""), "GET");
  EXPECT_EQ(span_name("POST", "/users/{id}"), "POST /users/{id}");
  EXPECT_EQ(span_name("x'y", "/a"), "HTTP /a");
  EXPECT_EQ(span_name("get", ""), "HTTP");
}

TEST_F(HttpAttributes, AnOddMethodIsKept) {
  set_method(recording_, span_, "PURGE");
  EXPECT_EQ(text("http.request.method"), "_OTHER");
  EXPECT_EQ(text("http.request.method_original"), "PURGE");
}

TEST_F(HttpAttributes, AKnownMethod) {
  set_method(recording_, span_, "PATCH");
  EXPECT_EQ(text("http.request.method"), "PATCH");
  EXPECT_EQ(text("http.request.method_original"), "-");
}

TEST_F(HttpAttributes, TheUsualPort) {
  set_authority(recording_, span_, "shop.example", true);
  EXPECT_EQ(text("server.address") + ":" + text("server.port"), "shop.example:443");
}

TEST_F(HttpAttributes, AnotherPort) {
  set_authority(recording_, span_, "[::1]:8080", false);
  EXPECT_EQ(text("server.address") + " " + text("server.port"), "::1 8080");
}

TEST_F(HttpAttributes, NoAuthority) {
  set_authority(recording_, span_, "", false);
  EXPECT_EQ(text("server.port"), "-");
}

TEST_F(HttpAttributes, SignaturesAreRedacted) {
  EXPECT_EQ(redacted_query("a=1&sig=secret&b=2&Signature=x"),
            "a=1&sig=REDACTED&b=2&Signature=REDACTED");
  EXPECT_EQ(redacted_query("signal=1&sig&AWSAccessKeyId="), "signal=1&sig&AWSAccessKeyId=REDACTED");
  EXPECT_EQ(redacted_query(""), "");
}

TEST_F(HttpAttributes, AStatusMayBeAFailure) {
  set_status(recording_, span_, 499, 500);
  EXPECT_FALSE(span_.failed);
  EXPECT_EQ(text("error.type"), "-");
  set_status(recording_, span_, 500, 500);
  EXPECT_TRUE(span_.failed);
  EXPECT_EQ(text("error.type"), "500");
}

}  // namespace
}  // namespace sluice::tracing
