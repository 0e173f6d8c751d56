// SPDX-License-Identifier: Apache-2.0
#include "filters/redirector_v2/redirector_v2.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& yaml,
                                                       config::Faults& faults) {
  const auto value = config::parse_document("name: r\nkind: RedirectorV2\n" + yaml + "\n");
  EXPECT_TRUE(value) << value.error().message;
  return make_redirector_v2_kind()->build(*value, {.pipeline = "p", .name = "r", .path = "f"},
                                          faults);
}

std::vector<std::string> faults_of(const std::string& yaml) {
  config::Faults faults;
  EXPECT_EQ(build(yaml, faults), nullptr);
  return faults.lines();
}

class RedirectorV2Test : public ::testing::Test {
 protected:
  // "status location", or the result followed by the tag.
  std::string run(const std::string& yaml, std::string_view target, std::string_view prefix = "",
                  std::string_view host = "shop.example:8080") {
    config::Faults faults;
    const auto prototype = build(yaml, faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    exchange_.clear();
    EXPECT_TRUE(exchange_.request()->set_target(target));
    exchange_.request()->scheme = "http";
    exchange_.request()->host = host;
    exchange_.route.path_prefix = prefix;
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

std::string prefix_to(const std::string& path) {
  return "path: {type: ReplacePrefixMatch, replacePrefixMatch: " + path + "}";
}

TEST_F(RedirectorV2Test, ReplacesThePrefixOfTheRule) {
  EXPECT_EQ(run(prefix_to("/account"), "/user/a%2Fb?c=1", "/user"),
            "302 http://shop.example:8080/account/a%2Fb?c=1");
  EXPECT_EQ(run(prefix_to("/account"), "/user", "/user"), "302 http://shop.example:8080/account");
  EXPECT_EQ(run(prefix_to("/account"), "/user/a", "/user/"),
            "302 http://shop.example:8080/account/a");
  EXPECT_EQ(run(prefix_to("/"), "/%75ser/a", "/user"), "302 http://shop.example:8080/a");
  EXPECT_EQ(run(prefix_to("/"), "/user//evil.example", "/user"),
            "302 http://shop.example:8080/evil.example");
}

TEST_F(RedirectorV2Test, LeavesAPathWithoutThatPrefix) {
  EXPECT_EQ(run(prefix_to("/account"), "/user/a", "/other"),
            "redirectorV2: the path has not the prefix of its rule");
  EXPECT_EQ(run(prefix_to("/account"), "/user/a"),
            "redirectorV2: the path has not the prefix of its rule");
}

TEST_F(RedirectorV2Test, ReplacesTheWholePath) {
  constexpr const char* kFull = "path: {type: ReplaceFullPath, replaceFullPath: /all}";
  EXPECT_EQ(run(kFull, "/a/b?c"), "302 http://shop.example:8080/all?c");
  EXPECT_EQ(run(kFull, "/all"), "") << "the same URL";
}

TEST_F(RedirectorV2Test, ReplacesSchemeHostAndPort) {
  EXPECT_EQ(run("scheme: https", "/a"), "302 https://shop.example/a");
  EXPECT_EQ(run("hostname: new.example", "/a"), "302 http://new.example/a");
  EXPECT_EQ(run("port: 81", "/a"), "302 http://shop.example:81/a");
  EXPECT_EQ(run("port: 80", "/a"), "302 http://shop.example/a");
  EXPECT_EQ(run("port: 8443\nscheme: https\nhostname: new.example", "/a"),
            "302 https://new.example:8443/a");
  EXPECT_EQ(run("port: 443\nscheme: https", "/a", "", "[::1]:80"), "302 https://[::1]/a");
  EXPECT_EQ(run("scheme: http", "/a", "", "shop.example"), "");
  EXPECT_EQ(run("scheme: https", "/a", "", ""), "");
}

TEST_F(RedirectorV2Test, TakesEachStatus) {
  for (const std::string status : {"301", "302", "303", "307", "308"})
    EXPECT_THAT(run("scheme: https\nstatusCode: " + status, "/a"), StartsWith(status));
}

TEST_F(RedirectorV2Test, FaultsNameTheirPlace) {
  EXPECT_THAT(faults_of(""), ElementsAre("f: leads nowhere: give scheme, hostname, port or path"));
  EXPECT_THAT(faults_of("scheme: ftp"), ElementsAre(StartsWith("f.scheme: ")));
  EXPECT_THAT(faults_of("hostname: 'a:80'"), ElementsAre("f.hostname: \"a:80\" is not a host"));
  EXPECT_THAT(faults_of("port: 0"), ElementsAre(StartsWith("f.port: ")));
  EXPECT_THAT(faults_of("path: {type: Replace}"), ElementsAre(StartsWith("f.path.type: ")));
  EXPECT_THAT(faults_of("path: {type: ReplaceFullPath, replacePrefixMatch: /a}"),
              ElementsAre("f.path.replaceFullPath: is required with ReplaceFullPath"));
  EXPECT_THAT(faults_of("path: {type: ReplacePrefixMatch, replacePrefixMatch: a}"),
              ElementsAre(StartsWith("f.path.replacePrefixMatch: ")));
  EXPECT_THAT(faults_of("port: 81\nstatusCode: 304"),
              ElementsAre(StartsWith("f.statusCode: 304 is no redirect")));
}

}  // namespace
}  // namespace sluice::filters
