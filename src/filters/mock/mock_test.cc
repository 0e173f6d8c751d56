// SPDX-License-Identifier: Apache-2.0
#include "filters/mock/mock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<const pipeline::FilterPrototype> build(std::string_view yaml,
                                                       config::Faults& faults) {
  const auto value = config::parse_document(yaml);
  EXPECT_TRUE(value) << value.error().message;
  return make_mock_kind()->build(*value, {.pipeline = "p", .name = "mock", .path = "filters[0]"},
                                 faults);
}

class MockTest : public ::testing::Test {
 protected:
  std::unique_ptr<pipeline::Filter> make(std::string_view yaml) {
    config::Faults faults;
    const auto prototype = build(yaml, faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    return prototype->instantiate(core_);
  }
  std::string_view run(pipeline::Filter& filter) {
    exchange_.drop_response();
    return loop::run_to_completion(loop_, filter.handle(exchange_));
  }
  http::Request& request() { return *exchange_.request(); }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
};

TEST_F(MockTest, AnswersAsTheFlashSaleCookbookHasIt) {
  const auto mock = make(R"(
name: mock
kind: Mock
rules:
- body: "You can buy the laptop for $1 now.\n"
  code: 200)");
  EXPECT_EQ(run(*mock), "mocked");
  ASSERT_NE(exchange_.response(), nullptr);
  EXPECT_EQ(exchange_.response()->status, 200);
  EXPECT_EQ(exchange_.response()->body.bytes(), "You can buy the laptop for $1 now.\n");
}

TEST_F(MockTest, FirstMatchingRuleAnswers) {
  const auto mock = make(R"(
name: mock
kind: Mock
rules:
- match: {path: /exact}
  code: 201
- match: {pathPrefix: /pre, headers: {X-Mode: {exact: "on"}}}
  code: 202
  headers: {X-Mock: "yes", Content-Type: text/plain})");
  request().set_path("/exact");
  EXPECT_EQ(run(*mock), "mocked");
  EXPECT_EQ(exchange_.response()->status, 201);
  request().set_path("/prefixed");
  EXPECT_EQ(run(*mock), "");
  EXPECT_EQ(exchange_.response(), nullptr);
  request().headers.add("x-mode", "on");
  EXPECT_EQ(run(*mock), "mocked");
  EXPECT_EQ(exchange_.response()->status, 202);
  EXPECT_EQ(exchange_.response()->headers.get("x-mock"), "yes");
}

TEST_F(MockTest, ReplacesAnEarlierResponse) {
  const auto mock = make("{name: mock, kind: Mock, rules: [{code: 204}]}");
  exchange_.new_response().headers.add("X-Old", "1");
  EXPECT_EQ(loop::run_to_completion(loop_, mock->handle(exchange_)), "mocked");
  EXPECT_TRUE(exchange_.response()->headers.empty());
}

TEST_F(MockTest, WaitsBeforeAnswering) {
  const auto mock = make("{name: mock, kind: Mock, rules: [{code: 200, delay: 30ms}]}");
  const TimePoint start = Clock::now();
  EXPECT_EQ(run(*mock), "mocked");
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(30));
  auto abandoned = mock->handle(exchange_);
  abandoned.start();
  EXPECT_FALSE(abandoned.done());
}

TEST_F(MockTest, SpecIsCompleted) {
  config::Faults faults;
  const auto prototype = build("{name: mock, kind: Mock, rules: [{code: 200}]}", faults);
  ASSERT_NE(prototype, nullptr);
  const Json spec = prototype->spec();
  EXPECT_EQ(spec["rules"][0]["delay"], "0s");
  EXPECT_EQ(spec["rules"][0]["match"]["matchAllHeaders"], false);
  EXPECT_NE(build(spec.dump(), faults), nullptr) << faults.to_error().message;
}

TEST_F(MockTest, FaultsNameTheirPlace) {
  config::Faults faults;
  EXPECT_EQ(build(R"(
name: mock
kind: Mock
rules:
- code: 200
  headers: {"a b": x}
- code: 200
  match: {headers: {X-A: {regex: "("}}})",
                  faults),
            nullptr);
  EXPECT_THAT(faults.lines(),
              ElementsAre("filters[0].rules[0].headers[\"a b\"]: \"a b\" is not a header name",
                          ::testing::StartsWith("filters[0].rules[1].match.headers.X-A.regex: ")));
  config::Faults decoding;
  EXPECT_EQ(build("{name: mock, kind: Mock, rules: [{code: 99}, {body: x}]}", decoding), nullptr);
  EXPECT_EQ(decoding.lines().size(), 2U);
}

}  // namespace
}  // namespace sluice::filters
