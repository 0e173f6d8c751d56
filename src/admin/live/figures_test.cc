// SPDX-License-Identifier: Apache-2.0
// Covers: series.cc
#include "admin/live/figures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace sluice::admin {
namespace {

using observe::DurationCounts;
using observe::MetricFamily;
using observe::MetricType;

constexpr MetricFamily kGauge{"keys", MetricType::gauge, "", "", "filter"};
constexpr MetricFamily kCounter{"runs_total", MetricType::counter, "", "", "filter"};
constexpr MetricFamily kRoutes{"http_server_request_duration_seconds", MetricType::histogram, "",
                               "seconds", "server,route,pipeline,status"};
constexpr const char* kSums = "sluice_live_requests_seconds";

Json all_of(const LiveFigures& figures) {
  std::string text = "{";
  figures.append_all(text);
  return Json::parse(text + "}");
}
Json changes_of(const LiveFigures& figures) {
  std::string text = "{";
  figures.append_changes(text);
  return Json::parse(text + "}");
}
Json past_of(const LiveFigures& figures) {
  std::string text = "{";
  figures.append_past({}, text);
  return Json::parse(text + "}");
}
// `count` requests of at most 1 ms.
DurationCounts fast(std::uint64_t count) {
  DurationCounts counts;
  counts.buckets[0] = count;
  counts.total_us = count * 500;
  return counts;
}

class LiveFiguresTest : public testing::Test {
 protected:
  void end() { figures_.end(LiveFigures::Moment(std::chrono::seconds(++time_)), 2.0); }
  LiveFigures figures_;
  int time_ = 0;
};

// A reader that was there before a family needs its type: without, it takes a counter for a gauge.
TEST_F(LiveFiguresTest, ANewFamilyIsDeclaredWithItsFirstChanges) {
  figures_.sample(kGauge, {"a"}, 1);
  end();
  EXPECT_EQ(changes_of(figures_)["families"].size(), 1U);
  figures_.sample(kGauge, {"a"}, 2);
  figures_.sample(kCounter, {"a"}, 10);
  end();
  const Json changes = changes_of(figures_);
  EXPECT_EQ(changes["families"],
            (Json{{"runs_total", {{"type", "counter"}, {"unit", ""}, {"labels", "filter"}}}}));
  EXPECT_EQ(changes["figures"].size(), 2U);
  figures_.sample(kCounter, {"a"}, 11);
  end();
  EXPECT_TRUE(changes_of(figures_)["families"].empty());
}

// A change of rules is no end of traffic.
TEST_F(LiveFiguresTest, SumsKeepWhatRoutesThatHaveGoneHaveCounted) {
  const auto count = [&](const std::vector<std::pair<const char*, std::uint64_t>>& routes) {
    for (const auto& [route, requests] : routes)
      figures_.histogram(kRoutes, {route[0] == 'x' ? "other" : "web", route, "p", "2xx"},
                         fast(requests));
    end();
    std::map<std::string, std::pair<int, double>> sums;
    const Json all = all_of(figures_);
    for (const Json& row : all["figures"][kSums])
      if (row[0][1] == "2xx") sums[row[0][0].get<std::string>()] = {row[1], row[2]};
    return sums;
  };
  using Sums = std::map<std::string, std::pair<int, double>>;
  EXPECT_EQ(count({{"a", 10}, {"b", 20}, {"x", 5}}),
            (Sums{{"", {35, 17.5}}, {"web", {30, 15}}, {"other", {5, 2.5}}}));
  EXPECT_EQ(count({{"b", 24}, {"x", 5}}),
            (Sums{{"", {39, 2}}, {"web", {34, 2}}, {"other", {5, 0}}}));
  EXPECT_EQ(count({{"a", 2}, {"b", 24}, {"x", 5}}),
            (Sums{{"", {41, 1}}, {"web", {36, 1}}, {"other", {5, 0}}}));
  // With a server, its own sums go.
  EXPECT_EQ(count({{"x", 7}}), (Sums{{"", {43, 1}}, {"other", {7, 1}}}));
  EXPECT_EQ(count({{"b", 1}, {"x", 7}}),
            (Sums{{"", {44, 0.5}}, {"web", {1, 0.5}}, {"other", {7, 0}}}));
}

TEST_F(LiveFiguresTest, ACounterHasItsRateOverThePeriod) {
  figures_.sample(kCounter, {"a"}, 10);
  end();
  figures_.sample(kCounter, {"a"}, 16);
  end();
  EXPECT_EQ(all_of(figures_)["figures"]["runs_total"], Json::parse(R"([[["a"],16,3]])"));
  EXPECT_EQ(past_of(figures_)["figures"]["runs_total"], Json::parse(R"([[["a"],[5,3]]])"));
  EXPECT_EQ(past_of(figures_)["times"], Json::parse("[1000,2000]"));
}

TEST_F(LiveFiguresTest, OnlyChangesAreTold) {
  const auto pass = [this](double count) {
    figures_.sample(kCounter, {"a"}, count);
    figures_.sample(kGauge, {"a"}, 7);
    end();
    return changes_of(figures_)["figures"];
  };
  EXPECT_EQ(pass(2), Json::parse(R"({"keys":[[["a"],7]],"runs_total":[[["a"],2,1]]})"));
  EXPECT_EQ(pass(2), Json::parse(R"({"runs_total":[[["a"],2,0]]})")) << "its rate has changed";
  EXPECT_EQ(pass(2), Json::object());
}

TEST_F(LiveFiguresTest, ACounterIsToldOnceItCounts) {
  figures_.sample(kCounter, {"a"}, 0);
  figures_.sample(kGauge, {"a"}, 0);
  end();
  EXPECT_EQ(all_of(figures_)["figures"], Json::parse(R"({"keys":[[["a"],0]],"runs_total":[]})"));
}

TEST_F(LiveFiguresTest, AFigureThatIsGoneIsTold) {
  figures_.sample(kGauge, {"a"}, 1);
  end();
  end();
  EXPECT_EQ(changes_of(figures_)["gone"], Json::parse(R"({"keys":[["a"]]})"));
  EXPECT_EQ(all_of(figures_)["figures"]["keys"], Json::array());
  end();
  EXPECT_EQ(changes_of(figures_)["gone"], Json::object());
}

TEST_F(LiveFiguresTest, RequestsAreAddedUpOverRoutes) {
  figures_.histogram(kRoutes, {"web", "/a", "p", "2xx"}, fast(4));
  figures_.histogram(kRoutes, {"web", "/b", "p", "5xx"}, fast(2));
  figures_.histogram(kRoutes, {"other", "/", "p", "2xx"}, fast(1));
  end();
  const Json rows = all_of(figures_)["figures"][kSums];
  const auto count = [&rows](const char* server, const char* status) {
    for (const Json& row : rows) {
      if (row[0] == Json{server, status}) return row[1].get<int>();
    }
    return -1;
  };
  EXPECT_EQ(count("", ""), 7);
  EXPECT_EQ(count("", "2xx"), 5);
  EXPECT_EQ(count("web", ""), 6);
  EXPECT_EQ(count("web", "5xx"), 2);
  EXPECT_EQ(count("other", "5xx"), -1);
}

TEST_F(LiveFiguresTest, QuantilesAreThoseOfThePeriod) {
  figures_.histogram(kRoutes, {"web", "/", "p", "2xx"}, fast(1000));
  end();
  DurationCounts later = fast(1000);
  later.buckets[3] = 2;  // up to 100 ms
  later.total_us += 120'000;
  figures_.histogram(kRoutes, {"web", "/", "p", "2xx"}, later);
  end();
  const Json row = all_of(figures_)["figures"][std::string(kRoutes.name)][0];
  EXPECT_EQ(row[1], 1002);
  EXPECT_EQ(row[2], 1);
  EXPECT_NEAR(row[3].get<double>(), 0.06, 1e-6);
  EXPECT_GT(row[4].get<double>(), 0.025);
  EXPECT_LE(row[5].get<double>(), 0.1);
}

TEST(LiveQuantile, IsEvenWithinABucket) {
  EXPECT_EQ(live_quantile({}, 0.5), 0);
  EXPECT_NEAR(live_quantile(fast(10), 0.5), 0.0005, 1e-9);
  DurationCounts slow;
  slow.buckets.back() = 1;
  EXPECT_EQ(live_quantile(slow, 0.5), 5) << "the last bound: there is none above";
}

TEST_F(LiveFiguresTest, LabelsAreJson) {
  figures_.sample(kGauge, {"a\"\n\xff"}, 1);
  end();
  EXPECT_EQ(all_of(figures_)["figures"]["keys"][0][0][0], "a\"\n\xef\xbf\xbd");
}

TEST_F(LiveFiguresTest, FurtherSeriesAreLeftOutAndCounted) {
  for (std::size_t i = 0; i < LiveFigures::kSeriesMax + 3; ++i)
    figures_.sample(kGauge, {std::to_string(i)}, 1);
  end();
  const Json all = all_of(figures_);
  EXPECT_EQ(all["figures"]["keys"].size(), LiveFigures::kSeriesMax);
  EXPECT_EQ(all["leftOut"], 3);
  const Json past = past_of(figures_);
  EXPECT_EQ(past["figures"]["keys"].size(), LiveFigures::kPastSeriesMax);
}

// A reader takes a figure that is missing for 0: "not ready".
TEST_F(LiveFiguresTest, FiguresWithoutLabelsAlwaysHaveAPlace) {
  constexpr MetricFamily kReady{"ready", MetricType::gauge, "", "", ""};
  for (std::size_t i = 0; i < LiveFigures::kSeriesMax + 3; ++i)
    figures_.sample(kGauge, {std::to_string(i)}, 1);
  figures_.sample(kReady, {}, 1);
  figures_.histogram(kRoutes, {"web", "/a", "p", "2xx"}, fast(4));
  end();
  const Json all = all_of(figures_);
  EXPECT_EQ(all["figures"]["ready"], Json::parse("[[[],1]]"));
  EXPECT_EQ(all["figures"][kSums].size(), 4U);
  EXPECT_EQ(all["leftOut"], 4);
}

TEST_F(LiveFiguresTest, TheSumsOfRoutesHaveAPastAndRoutesHaveNone) {
  figures_.histogram(kRoutes, {"web", "/a", "p", "2xx"}, fast(4));
  end();
  const Json past = past_of(figures_)["figures"];
  EXPECT_TRUE(past[std::string(kRoutes.name)].empty());
  EXPECT_EQ(past[kSums].size(), 4U);
}

// A figure that goes gives its place and its past back.
TEST_F(LiveFiguresTest, PlacesAreGivenBack) {
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < LiveFigures::kSeriesMax; ++i)
      figures_.sample(kGauge, {std::to_string(round) + "/" + std::to_string(i)}, 1);
    end();
    end();
  }
  figures_.sample(kGauge, {"a"}, 1);
  end();
  EXPECT_EQ(all_of(figures_)["leftOut"], 0);
  EXPECT_EQ(past_of(figures_)["figures"]["keys"].size(), 1U);
}

TEST_F(LiveFiguresTest, ThePastIsARing) {
  for (std::size_t i = 1; i <= kLivePast + 5; ++i) {
    figures_.sample(kGauge, {"a"}, static_cast<double>(i));
    end();
  }
  const Json past = past_of(figures_);
  ASSERT_EQ(past["times"].size(), kLivePast);
  EXPECT_EQ(past["times"][0], 6000);
  EXPECT_EQ(past["figures"]["keys"][0][1][0], 6);
  EXPECT_EQ(past["figures"]["keys"][0][1].back(), kLivePast + 5);
}

}  // namespace
}  // namespace sluice::admin
