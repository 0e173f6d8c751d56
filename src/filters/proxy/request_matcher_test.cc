// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/request_matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Holder {
  RequestMatcherSpec filter;
  void fields(auto& visit) { visit("filter", filter); }
};

RequestMatcher build_matcher(const std::string& yaml, config::Faults& faults) {
  const auto value = config::parse_document("filter: " + yaml);
  EXPECT_TRUE(value) << value.error().message;
  const auto spec = config::decode<Holder>(*value, "", faults).filter;
  return RequestMatcher::build(spec, "filter", faults);
}

std::vector<std::string> faults_of_matcher(const std::string& yaml) {
  config::Faults faults;
  (void)build_matcher(yaml, faults);
  return faults.lines();
}

class RequestMatcherTest : public ::testing::Test {
 protected:
  void use(const std::string& yaml) {
    config::Faults faults;
    matcher_ = build_matcher(yaml, faults);
    ASSERT_THAT(faults.lines(), IsEmpty());
  }
  bool matches(const std::string& method, const std::string& path, const std::string& user = "",
               const std::string& ip = "10.0.0.1") {
    http::Request request;
    request.method = method;
    request.set_path(path);
    if (!user.empty()) request.headers.add("X-User", user);
    return matcher_.matches(request, ip, random_);
  }
  // The matches among 10,000 clients.
  int share(bool by_header) {
    int count = 0;
    for (int i = 0; i < 10'000; ++i) {
      const std::string text = "client " + std::to_string(i * 7919);
      count += by_header ? matches("GET", "/", text) : matches("GET", "/", "", text);
    }
    return count;
  }

  RequestMatcher matcher_;
  std::minstd_rand random_{7};
};

TEST_F(RequestMatcherTest, GeneralLooksAtHeaders) {
  use("{headers: {X-User: {prefix: beta}, X-Other: {exact: '1'}}}");
  EXPECT_TRUE(matches("GET", "/", "beta-7"));
  EXPECT_FALSE(matches("GET", "/", "alpha"));
  EXPECT_FALSE(matches("GET", "/"));
  use("{headers: {X-User: {prefix: beta}, X-Other: {exact: '1'}}, matchAllHeaders: true}");
  EXPECT_FALSE(matches("GET", "/", "beta-7"));
}

TEST_F(RequestMatcherTest, GeneralLooksAtMethodsAndPathsBesides) {
  use("{headers: {X-User: {prefix: beta}}, urls: [{methods: [GET], url: {prefix: /a}}, "
      "{url: {exact: /b}}]}");
  EXPECT_TRUE(matches("GET", "/a/x", "beta"));
  EXPECT_FALSE(matches("POST", "/a/x", "beta"));
  EXPECT_TRUE(matches("POST", "/b", "beta"));
  EXPECT_FALSE(matches("POST", "/b", "alpha"));
  EXPECT_FALSE(matches("GET", "/c", "beta"));
  use("{urls: [{url: {prefix: /a}}]}");
  EXPECT_TRUE(matches("GET", "/a"));
}

TEST_F(RequestMatcherTest, HashesKeepToTheirShare) {
  use("{policy: ipHash, permil: 250}");
  const int by_ip = share(false);
  EXPECT_GT(by_ip, 2200);
  EXPECT_LT(by_ip, 2800);
  EXPECT_EQ(share(false), by_ip) << "the same clients again";
  use("{policy: headerHash, headerHashKey: X-User, permil: 250}");
  const int by_header = share(true);
  EXPECT_GT(by_header, 2200);
  EXPECT_LT(by_header, 2800);
}

TEST_F(RequestMatcherTest, RandomKeepsToItsShare) {
  use("{policy: random, permil: 100}");
  const int count = share(false);
  EXPECT_GT(count, 800);
  EXPECT_LT(count, 1200);
  use("{policy: random, permil: 1000}");
  EXPECT_EQ(share(false), 10'000);
}

TEST(RequestMatcherSpec, Faults) {
  EXPECT_THAT(faults_of_matcher("{}"),
              ElementsAre("filter: needs headers or urls (or another policy: "
                          "ipHash, headerHash, random)"));
  EXPECT_THAT(faults_of_matcher("{policy: random}"),
              ElementsAre("filter.permil: is required with random, 1 to 1000"));
  EXPECT_THAT(faults_of_matcher("{policy: headerHash, permil: 1}"),
              ElementsAre("filter.headerHashKey: must name a header for headerHash"));
  EXPECT_THAT(faults_of_matcher("{policy: random, permil: 1001}"),
              ElementsAre("filter.permil: 1001 is over 1000"));
  EXPECT_THAT(faults_of_matcher("{headers: {X-A: {regex: '('}}}"), ::testing::SizeIs(1));
  EXPECT_THAT(faults_of_matcher("{urls: [{url: {}}]}"),
              ElementsAre("filter.urls[0].url: needs one of exact, prefix, regex and empty"));
}

}  // namespace
}  // namespace sluice::filters
