// SPDX-License-Identifier: Apache-2.0
#include "filters/redirector/redirector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/redirector/location.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

std::shared_ptr<const pipeline::FilterPrototype> build(std::string_view yaml,
                                                       config::Faults& faults) {
  const auto value =
      config::parse_document("name: r\nkind: Redirector\n" + std::string(yaml) + "\n");
  EXPECT_TRUE(value) << value.error().message;
  return make_redirector_kind()->build(*value, {.pipeline = "p", .name = "r", .path = "f"}, faults);
}

std::vector<std::string> faults_of(std::string_view yaml) {
  config::Faults faults;
  EXPECT_EQ(build(yaml, faults), nullptr);
  return faults.lines();
}

class RedirectorTest : public ::testing::Test {
 protected:
  // "status location", or the result followed by the tag.
  std::string run(std::string_view yaml, std::string_view target,
                  std::string_view host = "shop.example") {
    config::Faults faults;
    const auto prototype = build(yaml, faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    exchange_.clear();
    exchange_.request()->method = "GET";
    EXPECT_TRUE(exchange_.request()->set_target(target));
    exchange_.request()->scheme = "http";
    exchange_.request()->host = host;
    const auto filter = prototype->instantiate(core_);
    const std::string_view result = loop::run_to_completion(loop_, filter->handle(exchange_));
    const http::Response* response = exchange_.response();
    if (response == nullptr)
      return std::string(result) + (exchange_.tags().empty() ? "" : exchange_.tags().front());
    EXPECT_EQ(result, "redirected");
    return std::to_string(response->status) + " " +
           std::string(response->headers.get("location").value_or("none"));
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
};

constexpr std::string_view kUsers =
    "match: '^/users/([0-9]+)'\nreplacement: 'http://display.example/show?user=$1'";

TEST_F(RedirectorTest, RedirectsWhatMatches) {
  EXPECT_EQ(run(kUsers, "/users/7"), "301 http://display.example/show?user=7");
  EXPECT_EQ(run(kUsers, "/users/x"), "");
}

TEST_F(RedirectorTest, MatchesThePartThatTheSpecNames) {
  constexpr std::string_view kAll = "match: '^(.*)$'\nreplacement: '/in$1'\nmatchPart: ";
  EXPECT_EQ(run(std::string(kAll) + "uri", "/a%2Fb?c=1"), "301 /in/a%2Fb?c=1");
  EXPECT_EQ(run(std::string(kAll) + "path", "/a%2Fb?c=1"), "301 /in/a%2Fb");
  EXPECT_EQ(run("match: '(^.*//)([^/]*)(.*)$'\nmatchPart: full\nreplacement: '${1}my.com${3}'",
                "/a?c=1", "shop.example:8080"),
            "301 http://my.com/a?c=1");
  EXPECT_EQ(run(std::string(kUsers) + "\nmatchPart: full", "/users/7"), "");
}

TEST_F(RedirectorTest, TakesEachStatus) {
  for (const std::string_view status : {"301", "302", "303", "307", "308"}) {
    EXPECT_EQ(run("match: /a\nreplacement: /b\nstatusCode: " + std::string(status), "/a"),
              std::string(status) + " /b");
  }
}

TEST_F(RedirectorTest, DoesNotRedirectToTheSameUrl) {
  EXPECT_EQ(run("match: '^/a$'\nreplacement: /a", "/a"), "");
  EXPECT_EQ(run("match: '^(.*)$'\nreplacement: 'http://shop.example$1'", "/a?b"), "");
  EXPECT_EQ(run("match: '^(.*)$'\nreplacement: 'https://shop.example$1'", "/a?b"),
            "301 https://shop.example/a?b");
}

TEST_F(RedirectorTest, IsNoOpenRedirect) {
  constexpr std::string_view kGo = "match: '^/go(.*)$'\nreplacement: '$1'";
  EXPECT_EQ(run(kGo, "/go/x"), "301 /x");
  EXPECT_EQ(run(kGo, "/go//evil.example"),
            "redirector: the request chooses the site of the location");
  EXPECT_EQ(run(kGo, "/go/" + std::string(kLocationBytesMax, 'a')),
            "redirector: the location is too long");
  EXPECT_EQ(run(kGo, "/go/\\evil.example"), "301 /%5Cevil.example");
}

TEST_F(RedirectorTest, FaultsNameTheirPlace) {
  EXPECT_THAT(faults_of("match: /a"), ElementsAre("f.replacement: is required"));
  EXPECT_THAT(faults_of("replacement: /a"), ElementsAre("f.match: is required"));
  EXPECT_THAT(faults_of("match: '('\nreplacement: /a"),
              ElementsAre(StartsWith("f.match: \"(\" is not a regular expression")));
  EXPECT_THAT(faults_of("match: (a)\nreplacement: /$2"),
              ElementsAre("f.replacement: the pattern has no group \"2\""));
  EXPECT_THAT(
      faults_of("match: a\nreplacement: /b c"),
      ElementsAre("f.replacement: has a character that a URL cannot hold, write it as %NN"));
  EXPECT_THAT(faults_of("match: a\nreplacement: /b\nstatusCode: 304"),
              ElementsAre(StartsWith("f.statusCode: 304 is no redirect")));
  EXPECT_THAT(faults_of("match: a\nreplacement: /b\nmatchPart: query"),
              ElementsAre(StartsWith("f.matchPart: ")));
}

}  // namespace
}  // namespace sluice::filters
