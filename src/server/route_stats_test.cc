// SPDX-License-Identifier: Apache-2.0
#include "server/route_stats.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

router::RuleSpec rule(std::string host, std::vector<router::PathSpec> paths) {
  router::RuleSpec made;
  made.host = std::move(host);
  made.paths = std::move(paths);
  return made;
}

router::PathSpec path(std::string text, std::string backend) {
  router::PathSpec made;
  made.path = std::move(text);
  made.backend = std::move(backend);
  return made;
}

std::map<RouteStats::Key, std::uint64_t> counts(const RouteStats& stats) {
  std::map<RouteStats::Key, std::uint64_t> found;
  stats.each([&](const RouteStats::Key& key, const RouteCounts& its) {
    for (std::size_t i = 0; i < RouteCounts::kClasses; ++i) found[key] += its.of_class(i).count();
  });
  return found;
}

TEST(RouteStats, ARouteIsNamedByItsRule) {
  router::RuleSpec with_hosts;
  with_hosts.host_regexp = "^a";
  with_hosts.hosts.push_back({.is_regexp = false, .value = "b.com"});
  router::PathSpec prefix;
  prefix.path_prefix = "/api";
  router::PathSpec regexp;
  regexp.path_regexp = "^/x";
  EXPECT_EQ(route_name(with_hosts, prefix), "~^a|b.com/api*");
  EXPECT_EQ(route_name({}, regexp), "~^/x");
  EXPECT_EQ(route_name({}, {}), "/*");
  EXPECT_LE(route_name({}, path(std::string(500, 'x'), "p")).size(), 160U);
}

TEST(RouteStats, PathsOfOneNameAndPipelineCountTogether) {
  RouteStats stats(1);
  const auto of = stats.counts_of({rule("", {path("/a", "p"), path("/a", "p"), path("/a", "q")})});
  ASSERT_EQ(of.size(), 3U);
  EXPECT_EQ(of[0], of[1]);
  EXPECT_NE(of[0], of[2]);
}

TEST(RouteStats, ANextGenerationGoesOn) {
  RouteStats stats(1);
  auto of = stats.counts_of({rule("", {path("/a", "p"), path("/b", "p")})});
  of[0]->record(0, 200, Duration(1));
  of[1]->record(0, 404, Duration(1));
  of = stats.counts_of({rule("", {path("/c", "p"), path("/a", "p")})});
  of[1]->record(0, 204, Duration(1));
  const std::map<RouteStats::Key, std::uint64_t> expected{
      {{"none", ""}, 0}, {{"/a", "p"}, 2}, {{"/c", "p"}, 0}};
  EXPECT_EQ(counts(stats), expected);
}

TEST(RouteStats, StatusesCountByClass) {
  RouteCounts counts(1, "");
  for (const int status : {101, 200, 299, 304, 499, 503, 0, 700})
    counts.record(0, status, Duration(1));
  std::vector<std::uint64_t> by_class;
  for (std::size_t i = 0; i < RouteCounts::kClasses; ++i)
    by_class.push_back(counts.of_class(i).count());
  EXPECT_EQ(by_class, (std::vector<std::uint64_t>{1, 2, 1, 1, 3}));
}

TEST(RouteStats, RoutesBeyondTheMostCountTogether) {
  RouteStats stats(1);
  std::vector<router::PathSpec> paths;
  for (std::size_t i = 0; i < RouteStats::kRoutesMax + 3; ++i)
    paths.push_back(path("/" + std::to_string(i), "p"));
  const auto of = stats.counts_of({rule("", std::move(paths))});
  EXPECT_NE(of[RouteStats::kRoutesMax - 1], of[RouteStats::kRoutesMax]);
  EXPECT_EQ(of[RouteStats::kRoutesMax], of[RouteStats::kRoutesMax + 2]);
  EXPECT_EQ(counts(stats).size(), RouteStats::kRoutesMax + 2);  // with `others` and `none`
}

}  // namespace
}  // namespace sluice::server
