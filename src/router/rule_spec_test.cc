// SPDX-License-Identifier: Apache-2.0
#include "router/rule_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/router.h"

namespace sluice::router {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> faults_of(std::string_view text) {
  const auto document = config::parse_document("{" + std::string(text) + "}");
  EXPECT_TRUE(document) << document.error().message;
  config::Faults faults;
  const auto spec = config::decode<RouterSpec>(*document, "", faults);
  static_cast<void>(Router::build(spec, faults));
  return faults.lines();
}

TEST(RouterSpec, HasDefaults) {
  EXPECT_THAT(faults_of(""), IsEmpty());
  const RouterSpec spec;
  EXPECT_EQ(spec.path_normalization, "rfc3986");
  EXPECT_FALSE(spec.underscores_in_headers);
}

TEST(RouterSpec, FieldsOfAPathBesideNoPathsAreItsOnlyPath) {
  const auto document = config::parse_document(
      "rules: [{host: a, paths: , path: /ws, backend: p, clientMaxBodySize: -1}, {backend: q}, "
      "{host: b}]");
  config::Faults faults;
  const auto spec = config::decode<RouterSpec>(*document, "", faults);
  EXPECT_THAT(faults.lines(), IsEmpty());
  EXPECT_THAT(faults.warnings(),
              ElementsAre("rules[0].path: read as of a path: it belongs into paths",
                          "rules[0].backend: read as of a path: it belongs into paths",
                          "rules[0].clientMaxBodySize: read as of a path: it belongs into paths",
                          "rules[1].backend: read as of a path: it belongs into paths"));
  ASSERT_EQ(spec.rules[0].paths.size(), 1U);
  EXPECT_EQ(spec.rules[0].host, "a");
  EXPECT_EQ(spec.rules[0].paths[0].path, "/ws");
  EXPECT_EQ(spec.rules[0].paths[0].backend, "p");
  EXPECT_EQ(spec.rules[0].paths[0].client_max_body_size, -1);
  EXPECT_EQ(spec.rules[1].paths.size(), 1U);
  EXPECT_TRUE(spec.rules[2].paths.empty());
  EXPECT_THAT(faults_of("rules: [{path: /, paths: [{backend: p}]}]"),
              ElementsAre(testing::StartsWith("rules[0].path: is unknown")));
}

// The document has no `paths[0]`.
TEST(RouterSpec, FaultsOfFieldsBesideNoPathsHaveTheirOwnNames) {
  const std::vector<std::pair<std::string_view, std::string>> cases{
      {"rules: [{path: [{pathPrefix: /, backend: p}]}]",
       "rules[0].path: is a list, did you mean \"paths\"?"},
      {"rules: [{path: x, backend: p}]",
       "rules[0].path: \"x\" is not a path, it must begin with /"},
      {"rules: [{path: /}]", "rules[0].backend: is required"},
      {"rules: [{path: /, backend: p, rewriteTarget: a}]",
       "rules[0].rewriteTarget: \"a\" is not a path, it must begin with /"},
      {"rules: [{pathRegexp: \"[\", backend: p}]",
       "rules[0].pathRegexp: \"[\" is not a regular expression: missing ]: ["}};
  for (const auto& [text, fault] : cases) EXPECT_THAT(faults_of(text), ElementsAre(fault)) << text;
}

TEST(RouterSpec, SaysWhatToDo) {
  const std::vector<std::pair<std::string_view, std::string>> cases{
      {"pathNormalization: RFC3986",
       "pathNormalization: \"RFC3986\" is not one of strict, rfc3986, off, did you mean "
       "\"rfc3986\"?"},
      {"rules: [{paths: [{path: /, backend: p, backendPool: {servers: []}}]}]",
       "rules[0].paths[0].backendPool: stands beside backend: leave out one of them"},
      {"rules: [{host: \"a:80\"}]",
       "rules[0].host: \"a:80\" has a port, which is not compared: leave it out"},
      {"rules: [{host: \"a*b\"}]", "rules[0].host: \"a*b\" may have one *, in front or at the end"},
      {"rules: [{hosts: [{isRegexp: true, value: \"(\"}]}]",
       "rules[0].hosts[0].value: \"(\" is not a regular expression: missing ): ("},
      {"rules: [{paths: [{backend: p, pathRegexp: \"[\"}]}]",
       "rules[0].paths[0].pathRegexp: \"[\" is not a regular expression: missing ]: ["},
      {"rules: [{paths: [{backend: p, headers: [{key: X}]}]}]",
       "rules[0].paths[0].headers[0]: needs values, regexp, or both"},
      {"rules: [{paths: [{backend: p, queries: [{key: X, regexp: \"*\"}]}]}]",
       "rules[0].paths[0].queries[0].regexp: \"*\" is not a regular expression: no argument for "
       "repetition operator: *"},
      {"rules: [{paths: [{backend: p, rewriteTarget: /a}]}]",
       "rules[0].paths[0].rewriteTarget: needs path, pathPrefix or pathRegexp"},
      {"rules: [{paths: [{backend: p, path: /b, rewriteTarget: a}]}]",
       "rules[0].paths[0].rewriteTarget: \"a\" is not a path, it must begin with /"},
      {"rules: [{paths: [{backend: p, pathRegexp: (b), rewriteTarget: $1x}]}]",
       "rules[0].paths[0].rewriteTarget: the pattern has no group \"1x\""}};
  for (const auto& [text, fault] : cases) EXPECT_THAT(faults_of(text), ElementsAre(fault)) << text;
}

}  // namespace
}  // namespace sluice::router
