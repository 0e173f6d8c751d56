// SPDX-License-Identifier: Apache-2.0
// Covers: prototype.cc
// Covers: prototype_use.cc
#include "pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "loop/event_loop.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A kind whose filters return the result in their spec, and write their name into the response.
struct EchoSpec {
  FilterMeta meta;
  std::string result;
  bool respond = false;
  bool knows = false;
  Duration delay{};
  void fields(auto& visit) {
    meta.fields(visit);
    visit("result", result, {.doc = "what to return"});
    visit("respond", respond, {.doc = "make a response"});
    visit("knows", knows, {.doc = "knows everybody"});
    visit("delay", delay, {.doc = "wait before the result"});
  }
};

class EchoFilter final : public Filter {
 public:
  EchoFilter(EchoSpec spec, int generation) : spec_(std::move(spec)), generation_(generation) {}
  Task<std::string_view> handle(Exchange& exchange) override {
    if (spec_.respond)
      exchange.new_response().body.assign(spec_.meta.name + std::to_string(generation_));
    if (exchange.at_last_node) exchange.add_tag("last: " + spec_.meta.name);
    if (spec_.delay > Duration::zero()) co_await exchange.loop().sleep_for(spec_.delay);
    co_return spec_.result;
  }
  [[nodiscard]] bool knows(const http::Request&) const override { return spec_.knows; }

 private:
  EchoSpec spec_;
  int generation_;
};

class EchoPrototype final : public FilterPrototype {
 public:
  EchoPrototype(EchoSpec spec, std::shared_ptr<int> generations)
      : spec_(std::move(spec)), generations_(std::move(generations)) {}
  [[nodiscard]] Json spec() const override { return config::encode(spec_); }
  [[nodiscard]] std::unique_ptr<Filter> instantiate(const loop::Core&) const override {
    return std::make_unique<EchoFilter>(spec_, (*generations_)++);
  }

 private:
  EchoSpec spec_;
  std::shared_ptr<int> generations_;
};

class EchoKind final : public FilterKind {
 public:
  [[nodiscard]] std::string_view name() const override { return "Echo"; }
  [[nodiscard]] std::span<const std::string_view> results() const override {
    static constexpr std::array<std::string_view, 2> kResults{"first", "second"};
    return kResults;
  }
  [[nodiscard]] std::string_view description() const override { return "test"; }
  [[nodiscard]] Json schema() const override { return config::schema<EchoSpec>(); }
  [[nodiscard]] std::shared_ptr<const FilterPrototype> build(
      const config::Value& value, const FilterContext& context,
      config::Faults& faults) const override {
    return std::make_shared<EchoPrototype>(
        config::decode<EchoSpec>(value, context.path, faults),
        context.states.keep("generations", [] { return std::make_shared<int>(0); }));
  }
};

// A kind of another name, with the results of a program or of a Proxy.
class NamedKind final : public FilterKind {
 public:
  explicit NamedKind(std::string_view name) : name_(name) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::span<const std::string_view> results() const override {
    static constexpr std::array<std::string_view, 1> kResults{"wasmError"};
    return name_ == "WasmHost" ? std::span<const std::string_view>(kResults) : echo_.results();
  }
  [[nodiscard]] std::string_view description() const override { return "test"; }
  [[nodiscard]] Json schema() const override { return echo_.schema(); }
  [[nodiscard]] std::shared_ptr<const FilterPrototype> build(
      const config::Value& value, const FilterContext& context,
      config::Faults& faults) const override {
    return echo_.build(value, context, faults);
  }

 private:
  EchoKind echo_;
  std::string_view name_;
};

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() {
    kinds_.push_back(std::make_unique<EchoKind>());
    kinds_.push_back(std::make_unique<NamedKind>("WasmHost"));
    kinds_.push_back(std::make_unique<NamedKind>("Proxy"));
    kinds_.push_back(std::make_unique<NamedKind>("Fallback"));
  }

  std::shared_ptr<const PipelinePrototype> build(const std::string& yaml,
                                                 const StateScope& states = {}) {
    faults_ = {};
    return PipelinePrototype::build(*config::parse_document(yaml), kinds_, {.states = states},
                                    faults_);
  }
  // Builds the next generation of the pipeline "p", and puts it in force.
  std::shared_ptr<const PipelinePrototype> next(const std::string& yaml) {
    StateDraft draft = states_.draft("p");
    auto prototype = build(yaml, draft.scope());
    states_.put_in_force({{"p", std::move(draft).finish()}});
    return prototype;
  }
  // The aliases that ran.
  std::vector<std::string> run(const std::string& yaml) {
    const auto prototype = build(yaml);
    EXPECT_THAT(faults_.lines(), IsEmpty());
    const Pipeline pipeline(prototype, core_);
    exchange_.clear();
    loop::run_to_completion(loop_, pipeline.handle(exchange_));
    std::vector<std::string> aliases;
    for (const auto& step : exchange_.steps) aliases.emplace_back(step.alias);
    return aliases;
  }
  std::string body() {
    const auto* response = exchange_.client_response();
    return response != nullptr ? std::string(response->body.bytes()) : "no response";
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  Exchange exchange_{core_};
  FilterKinds kinds_;
  StateRegistry states_;
  config::Faults faults_;
};

TEST_F(PipelineTest, WithoutFlowRunsTheFiltersAsDefined) {
  EXPECT_THAT(run("{name: p, kind: Pipeline, filters: [{name: a, kind: Echo}, {name: b, kind: "
                  "Echo, respond: true}]}"),
              ElementsAre("a", "b"));
  EXPECT_EQ(body(), "b0");
}

TEST_F(PipelineTest, AnUnmatchedResultEndsTheFlow) {
  EXPECT_THAT(run("{name: p, kind: Pipeline, filters: [{name: a, kind: Echo, result: first}, "
                  "{name: b, kind: Echo}]}"),
              ElementsAre("a"));
  EXPECT_EQ(body(), "no response");
}

TEST_F(PipelineTest, JumpsToAnAliasOverWhatLiesBetween) {
  EXPECT_THAT(run(R"(
name: p
kind: Pipeline
flow:
- {filter: a, jumpIf: {first: again}}
- {filter: b}
- {filter: a, alias: again, jumpIf: {first: END}}
- {filter: b, alias: never}
filters: [{name: a, kind: Echo, result: first}, {name: b, kind: Echo}])"),
              ElementsAre("a", "again"));
}

TEST_F(PipelineTest, SuccessMayJumpAndEndStops) {
  EXPECT_THAT(run(R"(
name: p
kind: Pipeline
flow: [{filter: a, jumpIf: {"": c}}, {filter: b}, {filter: c}, {filter: END}, {filter: b, alias: d}]
filters: [{name: a, kind: Echo}, {name: b, kind: Echo}, {name: c, kind: Echo}])"),
              ElementsAre("a", "c"));
}

TEST_F(PipelineTest, AResponseInAnotherNamespaceIsNotTheClients) {
  run(R"(
name: p
kind: Pipeline
flow: [{filter: a, namespace: side}]
filters: [{name: a, kind: Echo, respond: true}])");
  EXPECT_EQ(body(), "no response");
  EXPECT_EQ(exchange_.response(), nullptr) << "behind the pipeline, the default one is active";
}

TEST_F(PipelineTest, TheTimesOfTheStepsAddUp) {
  const TimePoint begin = Clock::now();
  run("{name: p, kind: Pipeline, filters: [{name: a, kind: Echo, delay: 30ms}, {name: b, kind: "
      "Echo}, {name: c, kind: Echo}]}");
  const Duration whole = Clock::now() - begin;
  ASSERT_EQ(exchange_.steps.size(), 3U);
  EXPECT_GE(exchange_.steps[0].duration, std::chrono::milliseconds(30));
  Duration sum{};
  for (const auto& step : exchange_.steps) sum += step.duration;
  EXPECT_LE(sum, whole);
}

TEST_F(PipelineTest, EveryFaultIsReportedWithItsPath) {
  EXPECT_EQ(build(R"(
name: p
kind: Pipeline
flow:
- {filter: nope}
- {filter: a, jumpIf: {third: END, first: zzz}}
- {filter: END, jumpIf: {first: END}}
filters:
- {name: a, kind: Echo, resullt: x}
- {name: a, kind: Echo}
- {name: END, kind: Echo}
- {name: b, kind: Ecko}
- {kind: Ecko}
- 17)"),
            nullptr);
  EXPECT_THAT(faults_.lines(),
              testing::IsSupersetOf({
                  HasSubstr("filters[0].resullt: "),
                  HasSubstr("filters[1].name: \"a\" is used twice"),
                  HasSubstr("filters[2].name: END is built in"),
                  HasSubstr("filters[3].kind: kind \"Ecko\" not found, did you mean \"Echo\"?"),
                  HasSubstr("filters[4].name: is required"),
                  HasSubstr("filters[5]: must be a map"),
                  HasSubstr("filters[4].kind: kind \"Ecko\" not found"),
                  HasSubstr("flow[1].jumpIf.third: is not a result of Echo"),
                  HasSubstr("flow[1].jumpIf.first: \"zzz\" is not a later node"),
                  HasSubstr("flow[2].jumpIf: END has no results"),
              }));
}

// A line that goes away with the cause of another one would only hide the cause.
TEST_F(PipelineTest, OneCauseIsOneLine) {
  const auto lines = [this](const std::string& rest) {
    EXPECT_EQ(build("{name: p, kind: Pipeline, " + rest + "}"), nullptr) << rest;
    return faults_.lines();
  };
  const std::string known = "{name: a, kind: Echo}";
  EXPECT_THAT(
      lines("flow: [{filter: b, jumpIf: {first: a}}, {filter: a}], filters: [" + known + "]"),
      ElementsAre(HasSubstr("flow[0].filter: no filter \"b\" is defined")));
  EXPECT_THAT(
      lines("flow: [{filter: a, jumpIf: {first: b}}, {filter: b}], filters: [" + known + "]"),
      ElementsAre(HasSubstr("flow[1].filter: no filter \"b\" is defined")));
  EXPECT_THAT(lines("flow: [{filter: b}], filters: [{kind: Echo}]"),
              ElementsAre("filters[0].name: is required"));
  EXPECT_THAT(lines("flow: [{filter: b}], filters: [{name: b}]"),
              ElementsAre("filters[0].kind: is required"));
  EXPECT_THAT(lines("flow: [{filter: b}], filters: [17]"),
              ElementsAre("filters[0]: must be a map with name and kind"));
  EXPECT_THAT(lines("flow: [{filter: b, jumpIf: {x: END}}], filters: [{name: b, kind: Ecko}]"),
              ElementsAre(HasSubstr("filters[0].kind: kind \"Ecko\" not found")));
  EXPECT_THAT(lines("flow: [{alias: b}], filters: [" + known + "]"),
              ElementsAre("flow[0].filter: is required"));
  EXPECT_THAT(lines("flow: [{filter: b}]"), ElementsAre("filters: is required"));
  EXPECT_THAT(
      lines("filters: [{name: b, kind: OPAFilter}]"),
      ElementsAre(HasSubstr("filters[0].kind: OPAFilter is not there: decide in a WasmHost")));
}

TEST_F(PipelineTest, JumpingBackIsRefused) {
  EXPECT_EQ(build(R"(
name: p
kind: Pipeline
flow: [{filter: a}, {filter: b, jumpIf: {first: a}}]
filters: [{name: a, kind: Echo}, {name: b, kind: Echo}])"),
            nullptr);
  EXPECT_THAT(faults_.lines(), ElementsAre(HasSubstr("\"a\" is not a later node of the flow")));
}

TEST_F(PipelineTest, AJumpHasOneTarget) {
  EXPECT_EQ(build(R"(
name: p
kind: Pipeline
flow: [{filter: a, jumpIf: {first: b}}, {filter: b}, {filter: b}]
filters: [{name: a, kind: Echo}, {name: b, kind: Echo}])"),
            nullptr);
  EXPECT_THAT(faults_.lines(),
              ElementsAre(HasSubstr("\"b\" names 2 later nodes, give them aliases")));
}

TEST_F(PipelineTest, AFilterHandsItsStateToItsSuccessor) {
  const auto prototype =
      next("{name: p, kind: Pipeline, filters: [{name: a, kind: Echo, respond: true}]}");
  const Pipeline first(prototype, core_);
  const auto renamed = next(
      "{name: p, kind: Pipeline, filters: [{name: b, kind: Echo}, {name: a, kind: Echo, respond: "
      "true}]}");
  const Pipeline second(renamed, core_);
  loop::run_to_completion(loop_, second.handle(exchange_));
  EXPECT_EQ(body(), "a1");
}

TEST_F(PipelineTest, KnowsWhomAnyOfItsFiltersKnows) {
  const auto knows = [&](const std::string& filters) {
    const auto prototype = build("{name: p, kind: Pipeline, filters: [" + filters + "]}");
    EXPECT_THAT(faults_.lines(), IsEmpty());
    return Pipeline(prototype, core_).knows(exchange_.client_request());
  };
  EXPECT_FALSE(knows("{name: a, kind: Echo}, {name: b, kind: Echo}"));
  EXPECT_TRUE(knows("{name: a, kind: Echo}, {name: b, kind: Echo, knows: true}"));
}

TEST_F(PipelineTest, AFlowTellsWhetherItEndedEarly) {
  const auto ends_early = [&](const std::string& flow, const std::string& result) {
    const auto prototype = build("{name: p, kind: Pipeline, flow: " + flow +
                                 ", filters: [{name: a, kind: Echo, result: \"" + result +
                                 "\"}, {name: b, kind: Echo}]}");
    EXPECT_TRUE(prototype) << flow;
    const Pipeline pipeline(prototype, core_);
    exchange_.clear();
    loop::run_to_completion(loop_, pipeline.run_flow(exchange_, {}));
    return exchange_.ended_early;
  };
  EXPECT_FALSE(ends_early("[{filter: a}, {filter: b}]", ""));
  EXPECT_TRUE(ends_early("[{filter: a}, {filter: b}]", "first"));
  EXPECT_TRUE(ends_early("[{filter: b}, {filter: a}]", "first"));
  EXPECT_FALSE(ends_early("[{filter: a, jumpIf: {first: b}}, {filter: b}]", "first"));
  EXPECT_TRUE(ends_early("[{filter: a, jumpIf: {first: END}}, {filter: b}]", "first"));
  EXPECT_TRUE(ends_early("[{filter: a}, {filter: END}, {filter: b}]", ""));
}

TEST_F(PipelineTest, AFilterKnowsWhetherTheFlowEndsAfterIt) {
  const std::string filters = "filters: [{name: a, kind: Echo}, {name: b, kind: Echo}]\n";
  for (const auto& [flow, last] :
       {std::pair("[{filter: a}, {filter: b}]", "last: b"),
        std::pair("[{filter: a}, {filter: END}, {filter: b}]", "last: a"),
        std::pair("[{filter: a, jumpIf: {'': END}}, {filter: b}]", "last: a")}) {
    EXPECT_FALSE(run("name: p\nkind: Pipeline\n" + filters + "flow: " + flow).empty());
    EXPECT_THAT(exchange_.tags(), ElementsAre(last)) << flow;
  }
}

TEST_F(PipelineTest, AFilterKnowsWhetherAnotherFlowFollows) {
  const auto tags = [&](const std::string& flow, Pipeline::Following following) {
    const auto prototype = build("{name: p, kind: Pipeline, flow: " + flow +
                                 ", filters: [{name: a, kind: Echo}, {name: b, kind: Echo}]}");
    EXPECT_TRUE(prototype) << flow;
    const Pipeline pipeline(prototype, core_);
    exchange_.clear();
    loop::run_to_completion(loop_, pipeline.run_flow(exchange_, following));
    return exchange_.tags();
  };
  const std::string whole = "[{filter: a}, {filter: b}]";
  const std::string early = "[{filter: a}, {filter: END}, {filter: b}]";
  EXPECT_THAT(tags(whole, {}), ElementsAre("last: b"));
  EXPECT_THAT(tags(whole, {.after_last_node = true}), IsEmpty());
  EXPECT_THAT(tags(early, {.after_last_node = true}), ElementsAre("last: a"));
  EXPECT_THAT(tags(early, {.after_last_node = true, .after_early_end = true}), IsEmpty());
}

TEST_F(PipelineTest, FiltersSeeTheDataOfThePipeline) {
  const auto prototype = build(
      "{name: p, kind: Pipeline, data: {codes: [1, '2'], text: on}, filters: [{name: a, kind: "
      "Echo}]}");
  ASSERT_TRUE(prototype);
  const Json expected{{"codes", {1, "2"}}, {"text", "on"}};
  ASSERT_NE(prototype->data(), nullptr);
  EXPECT_EQ(*prototype->data(), expected);
  EXPECT_EQ(prototype->spec()["data"], expected);
  const Pipeline pipeline(prototype, core_);
  exchange_.clear();
  loop::run_to_completion(loop_, pipeline.handle(exchange_));
  EXPECT_EQ(exchange_.data_of("PIPELINE"), prototype->data());
  EXPECT_EQ(build("{name: p, kind: Pipeline, data: [1], filters: [{name: a, kind: Echo}]}"),
            nullptr);
  EXPECT_THAT(faults_.lines(), ElementsAre("data: must be a map"));
}

TEST_F(PipelineTest, SpeaksHttp) {
  EXPECT_TRUE(build("{name: p, kind: Pipeline, protocol: http, filters: [{name: a, kind: Echo}]}"));
  EXPECT_EQ(build("{name: p, kind: Pipeline, protocol: MQTT, filters: [{name: a, kind: Echo}]}"),
            nullptr);
  EXPECT_THAT(faults_.lines(), ElementsAre(HasSubstr("protocol: \"MQTT\" is not there")));
}

TEST_F(PipelineTest, WarnsOfWhatNeverRuns) {
  const auto warnings = [&](const std::string& flow) {
    EXPECT_TRUE(build("{name: p, kind: Pipeline, flow: " + flow +
                      ", filters: [{name: a, kind: Echo}, {name: b, kind: Echo}]}"));
    return faults_.warnings();
  };
  EXPECT_THAT(warnings("[{filter: a}, {filter: b}]"), IsEmpty());
  EXPECT_THAT(warnings("[]"), IsEmpty());
  EXPECT_THAT(warnings("[{filter: a}]"),
              ElementsAre("filters[1]: b is not in the flow: it never runs"));
  EXPECT_THAT(warnings("[{filter: a}, {filter: END}, {filter: b}]"),
              ElementsAre("flow[2]: no way leads here: it never runs"));
  EXPECT_THAT(warnings("[{filter: a, jumpIf: {first: b}}, {filter: END}, {filter: b}]"), IsEmpty());
  EXPECT_THAT(warnings("[{filter: a, jumpIf: {\"\": END}}, {filter: b}]"),
              ElementsAre("flow[1]: no way leads here: it never runs"));
}

TEST_F(PipelineTest, WarnsOfAProgramWhoseFailureHasNoWay) {
  const auto warnings = [&](const std::string& flow) {
    EXPECT_TRUE(build("{name: p, kind: Pipeline, flow: " + flow +
                      ", filters: [{name: w, kind: WasmHost}, {name: e, kind: Echo}, "
                      "{name: x, kind: Proxy}]}"));
    return faults_.warnings();
  };
  EXPECT_THAT(warnings("[]"), ElementsAre(HasSubstr("filters[0]: if the program fails, x does")));
  EXPECT_THAT(warnings("[{filter: e}, {filter: w, jumpIf: {wasmError: END}}, {filter: x}]"),
              IsEmpty());
  EXPECT_THAT(warnings("[{filter: w, jumpIf: {wasmError: x}}, {filter: e}, {filter: x}]"),
              IsEmpty());
  EXPECT_THAT(warnings("[{filter: e}, {filter: x}, {filter: w}]"), IsEmpty()) << "the last one";
}

TEST_F(PipelineTest, WarnsOfAFallbackThatReplacesGoodResponses) {
  const auto warnings = [&](const std::string& flow) {
    EXPECT_TRUE(build("{name: p, kind: Pipeline, flow: " + flow +
                      ", filters: [{name: x, kind: Proxy}, {name: e, kind: Echo}, "
                      "{name: f, kind: Fallback}]}"));
    return faults_.warnings();
  };
  EXPECT_THAT(warnings("[]"), ElementsAre("flow[2]: Fallback f runs also after success of x: add "
                                          "jumpIf to x, and END behind it"));
  EXPECT_THAT(warnings("[{filter: x, jumpIf: {first: f}}, {filter: e}, {filter: f}]"),
              ElementsAre(HasSubstr("flow[2]: Fallback f runs also after success of x")));
  for (const char* meant :
       {"[{filter: x, jumpIf: {first: f}}, {filter: e}, {filter: END}, {filter: f}]",
        "[{filter: x, jumpIf: {'': f, first: e}}, {filter: e, jumpIf: {'': END}}, {filter: f}]",
        "[{filter: x, namespace: other}, {filter: e}, {filter: f}]",
        "[{filter: e}, {filter: f, jumpIf: {first: x}}, {filter: x}]"})
    EXPECT_THAT(warnings(meant), IsEmpty()) << meant;
}

TEST_F(PipelineTest, HasABoundForNamespaces) {
  std::string flow;
  for (std::size_t i = 0; i <= kNamespacesMax; ++i)
    flow += "{filter: a, namespace: n" + std::to_string(i) + "}, ";
  EXPECT_EQ(build("{name: p, kind: Pipeline, flow: [" + flow +
                  "], filters: [{name: a, kind: "
                  "Echo}]}"),
            nullptr);
  EXPECT_THAT(faults_.lines(), ElementsAre("flow: has 65 namespaces, at most 64 allowed"));
}

TEST_F(PipelineTest, SpecIsCompleted) {
  const Json spec = build("{name: p, kind: Pipeline, filters: [{name: a, kind: Echo}]}")->spec();
  EXPECT_EQ(spec["filters"][0]["respond"], false);
  EXPECT_EQ(spec["flow"][0]["filter"], "a");
  EXPECT_EQ(spec["version"], "easegress.megaease.com/v2");
}

}  // namespace
}  // namespace sluice::pipeline
