// SPDX-License-Identifier: Apache-2.0
// Covers: request_key.cc, spec.cc
#include "filters/rate_limiter/rate_limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RateLimiterTest : public ::testing::Test {
 protected:
  std::shared_ptr<const pipeline::FilterPrototype> build(std::string_view fields) {
    faults_ = config::Faults();
    const auto value =
        config::parse_document("name: limit\nkind: RateLimiter\n" + std::string(fields));
    EXPECT_TRUE(value) << value.error().message;
    return make_rate_limiter_kind()->build(
        *value, {.pipeline = "p", .name = "limit", .path = "filters[0]"}, faults_);
  }
  std::unique_ptr<pipeline::Filter> make(std::string_view fields) {
    prototypes_.push_back(build(fields));
    EXPECT_THAT(faults_.lines(), ElementsAre());
    return prototypes_.back()->instantiate(core_);
  }
  std::string_view run(pipeline::Filter& filter, std::string_view target = "/") {
    exchange_.drop_response();
    EXPECT_TRUE(exchange_.request()->set_target(target));
    return loop::run_to_completion(loop_, filter.handle(exchange_));
  }
  [[nodiscard]] std::string field(std::string_view name) {
    return std::string(exchange_.response()->headers.get(name).value_or("none"));
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
  config::Faults faults_;
  std::vector<std::shared_ptr<const pipeline::FilterPrototype>> prototypes_;
};

constexpr std::string_view kOne = R"(
policies: [{name: one, limitForPeriod: 1, limitRefreshPeriod: 1h, timeoutDuration: 0s}]
)";

std::string one(const std::string& urls, const std::string& more = "") {
  return std::string(kOne) + "defaultPolicyRef: one\n" + more + "\nurls: " + urls;
}

TEST_F(RateLimiterTest, RefusesWhatIsTooMuch) {
  const auto filter = make(one("[{url: {prefix: /}}]"));
  EXPECT_EQ(run(*filter), "");
  EXPECT_EQ(run(*filter), "rateLimited");
  ASSERT_NE(exchange_.response(), nullptr);
  EXPECT_EQ(exchange_.response()->status, 429);
  EXPECT_EQ(field("X-EG-Rate-Limiter"), "too-many-requests");
  EXPECT_EQ(field("RateLimit-Policy"), "\"one\";q=1;w=3600");
  EXPECT_THAT(field("RateLimit"), HasSubstr("\"one\";r=0;t="));
  const int seconds = std::stoi(field("Retry-After"));
  EXPECT_GT(seconds, 0);
  EXPECT_LE(seconds, 3600);
  EXPECT_THAT(exchange_.tags(), ElementsAre("rateLimiter: too many requests"));
}

TEST_F(RateLimiterTest, TheFirstEntryThatFitsCounts) {
  const auto filter =
      make(one("[{methods: [PUT], url: {prefix: /}}, {url: {exact: /a}}, {url: {regex: a}}]"));
  EXPECT_EQ(run(*filter, "/a"), "");
  EXPECT_EQ(run(*filter, "/a"), "rateLimited");
  EXPECT_EQ(run(*filter, "/ab"), "");
  EXPECT_EQ(run(*filter, "/ab"), "rateLimited");
  EXPECT_EQ(run(*filter, "/other"), "");
  EXPECT_EQ(run(*filter, "/other"), "");
  exchange_.request()->method = "PUT";
  EXPECT_EQ(run(*filter, "/a"), "");
  EXPECT_EQ(run(*filter, "/other"), "rateLimited");
}

TEST_F(RateLimiterTest, WaitsForTheNextPeriod) {
  const auto filter = make(R"(
policies: [{name: p, limitForPeriod: 1, limitRefreshPeriod: 20ms, timeoutDuration: 10s}]
urls: [{url: {prefix: /}, policyRef: p}]
)");
  const TimePoint begin = Clock::now();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(run(*filter), "");
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(40));
  EXPECT_THAT(exchange_.tags().front(), HasSubstr("rateLimiter: waiting duration: "));
}

TEST_F(RateLimiterTest, AClientThatLeavesGivesItsPlaceBack) {
  const auto filter = make(R"(
policies: [{name: p, limitForPeriod: 1, limitRefreshPeriod: 1h, timeoutDuration: 1h}]
urls: [{url: {prefix: /}, policyRef: p}]
)");
  EXPECT_EQ(run(*filter), "");
  for (int i = 0; i < 3; ++i) {
    Task<std::string_view> waiting = filter->handle(exchange_);
    exchange_.drop_response();
    waiting.start();
    EXPECT_EQ(exchange_.response(), nullptr) << "has a place, after round " << i;
  }
}

TEST_F(RateLimiterTest, LimitsEachKey) {
  const auto limited = [&](const std::string& key_by, auto... values) {
    const auto filter = make(one("[{url: {prefix: /}, keyBy: " + key_by + "}]"));
    std::string seen;
    for (const std::vector<http::Field>& fields : {values...}) {
      exchange_.request()->headers.clear();
      for (const http::Field& each : fields)
        exchange_.request()->headers.add(each.name, each.value);
      seen += run(*filter).empty() ? '+' : '-';
    }
    return seen;
  };
  using Fields = std::vector<http::Field>;
  EXPECT_EQ(limited("{header: x-user}", Fields{{"X-User", "a"}}, Fields{{"X-User", "b"}},
                    Fields{{"X-USER", "a"}}, Fields{}, Fields{}),
            "++-+-");
  // A second value makes no further key.
  EXPECT_EQ(limited("{header: X-User}", Fields{{"X-User", "a"}, {"X-User", "b"}},
                    Fields{{"X-User", "c"}, {"X-User", "d"}},
                    Fields{{"X-User", "a"}, {"X-User", "a"}}, Fields{{"X-User", "a"}}),
            "+-+-");
  EXPECT_EQ(limited("{cookie: id}", Fields{{"Cookie", "x=1; id=a"}}, Fields{{"Cookie", "id=a"}},
                    Fields{{"Cookie", "id=b"}}, Fields{{"Cookie", "id=b; id=c"}},
                    Fields{{"Cookie", "id=c; id=d"}}),
            "+-++-");
}

TEST_F(RateLimiterTest, LimitsEachAddress) {
  const auto filter = make(one("[{url: {prefix: /}, keyBy: {address: true}}]"));
  std::string seen;
  for (const char* ip :
       {"1.1.1.1", "1.1.1.2", "1.1.1.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"}) {
    exchange_.real_ip = ip;
    seen += run(*filter).empty() ? '+' : '-';
  }
  EXPECT_EQ(seen, "++-+-+");
}

TEST_F(RateLimiterTest, ShowsTheLimitWhereItShould) {
  const auto none = make(one("[{url: {prefix: /}}]", "fields: none"));
  EXPECT_EQ(run(*none), "");
  EXPECT_EQ(run(*none), "rateLimited");
  EXPECT_EQ(field("RateLimit"), "none");
  EXPECT_NE(field("Retry-After"), "none");
  const auto all = make(one("[{url: {prefix: /}}]", "fields: all"));
  exchange_.clear();
  EXPECT_EQ(run(*all), "");
  ASSERT_EQ(exchange_.response_sides().size(), 1U);
  exchange_.new_response();
  loop::run_to_completion(loop_, exchange_.response_sides()[0].side->respond(exchange_));
  EXPECT_THAT(field("RateLimit"), HasSubstr("\"one\";r=0;t="));
  EXPECT_EQ(field("Retry-After"), "none");
}

TEST_F(RateLimiterTest, HasTheDefaultsOfEasegress) {
  const auto prototype = build("policies: [{name: p}]\nurls: [{url: {prefix: /}, policyRef: p}]");
  ASSERT_NE(prototype, nullptr);
  const Json policy = prototype->spec()["policies"][0];
  EXPECT_EQ(policy["timeoutDuration"], "100ms");
  EXPECT_EQ(policy["limitRefreshPeriod"], "10ms");
  EXPECT_EQ(policy["limitForPeriod"], 50);
}

TEST_F(RateLimiterTest, SaysWhatIsWrong) {
  const auto faults_of = [&](const std::string& fields) {
    EXPECT_EQ(build(fields), nullptr);
    return faults_.lines();
  };
  EXPECT_THAT(faults_of(std::string(kOne) + "urls: [{url: {prefix: /}}]"),
              ElementsAre(HasSubstr("urls[0].policyRef: names no policy")));
  EXPECT_THAT(faults_of(std::string(kOne) + "urls: [{url: {prefix: /}, policyRef: two}]"),
              ElementsAre(HasSubstr("urls[0].policyRef: there is no policy")));
  EXPECT_THAT(faults_of(one("[{url: {prefix: /}}, {url: {prefix: /}, policyRef: one}]")),
              ElementsAre(HasSubstr("urls[1]: is the same as")));
  EXPECT_THAT(faults_of(one("[{url: {prefix: /}, keyBy: {header: A, address: true}}]")),
              ElementsAre(HasSubstr("urls[0].keyBy: needs exactly one")));
  EXPECT_THAT(faults_of(one("[{url: {prefix: /}, keyBy: {header: 'a b'}}]")),
              ElementsAre(HasSubstr("urls[0].keyBy.header: ")));
}

// It would limit nobody, in silence.
TEST_F(RateLimiterTest, WarnsOfAPathThatFitsNone) {
  EXPECT_NE(build(one("[{url: {prefix: orders}}, {url: {exact: a}}, {url: {regex: a}}]")), nullptr);
  EXPECT_THAT(faults_.warnings(),
              ElementsAre(HasSubstr("urls[0].url.prefix: \"orders\" fits no path"),
                          HasSubstr("urls[1].url.exact: \"a\" fits no path")));
}

}  // namespace
}  // namespace sluice::filters
