// SPDX-License-Identifier: Apache-2.0
#include "pipeline/simple_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct HelloSpec {
  FilterMeta meta;
  std::string to = "world";
  void fields(auto& visit) {
    meta.fields(visit);
    visit("to", to, {.doc = "who is greeted"});
  }
};

class Hello final : public Filter {
 public:
  static constexpr std::string_view kKind = "Hello";
  static constexpr std::string_view kDescription = "Greets.";
  static constexpr std::array<std::string_view, 1> kResults = {"greeted"};

  explicit Hello(std::shared_ptr<const HelloSpec> spec) : spec_(std::move(spec)) {}
  Task<std::string_view> handle(Exchange& exchange) override {
    exchange.new_response().body.assign("hello " + spec_->to);
    co_return kResults[0];
  }

 private:
  std::shared_ptr<const HelloSpec> spec_;
};

// Uses a model, the core and a part of its kind.
class Shout final : public Filter {
 public:
  static constexpr std::string_view kKind = "Shout";
  static constexpr std::string_view kDescription = "Greets loudly.";
  static constexpr std::array<std::string_view, 0> kResults = {};

  static std::string prepare(const HelloSpec& spec, const FilterContext& context,
                             config::Faults& faults) {
    if (spec.to == "nobody") faults.add(config::join_path(context.path, "to"), "is nobody");
    return spec.to + "!";
  }
  Shout(std::shared_ptr<const std::string> text, const loop::Core& core, int part)
      : text_(*text + std::to_string(core.index) + std::to_string(part)) {}
  Task<std::string_view> handle(Exchange& exchange) override {
    exchange.new_response().body.assign(text_);
    co_return "";
  }

 private:
  std::string text_;
};

class SimpleKindTest : public ::testing::Test {
 protected:
  std::shared_ptr<const FilterPrototype> build(const FilterKind& kind, const std::string& yaml) {
    faults_ = {};
    FilterContext context;
    context.path = "filters[0]";
    return kind.build(*config::parse_document(yaml), context, faults_);
  }
  std::string body_of(const FilterPrototype& prototype) {
    const auto filter = prototype.instantiate(core_);
    loop::run_to_completion(loop_, filter->handle(exchange_));
    return std::string(exchange_.response()->body.bytes());
  }
  loop::EventLoop loop_;
  loop::Core core_{loop_, 3, 4};
  Exchange exchange_{core_};
  config::Faults faults_;
};

TEST_F(SimpleKindTest, IsMadeOfASpecAndAFilter) {
  const SimpleKind<HelloSpec, Hello> kind;
  EXPECT_EQ(kind.name(), "Hello");
  EXPECT_EQ(kind.description(), "Greets.");
  EXPECT_THAT(kind.results(), ElementsAre("greeted"));
  EXPECT_TRUE(kind.schema().at("properties").contains("to"));
  auto prototype = build(kind, "{name: h, kind: Hello}");
  ASSERT_NE(prototype, nullptr);
  EXPECT_EQ(prototype->spec().at("to"), "world");
  EXPECT_EQ(prototype->spec().at("name"), "h");
  EXPECT_FALSE(prototype->has_shared_data());
  EXPECT_EQ(body_of(*prototype), "hello world");
  EXPECT_EQ(body_of(*build(kind, "{name: h, kind: Hello, to: you}")), "hello you");
}

TEST_F(SimpleKindTest, AFilterMayOutliveItsPrototype) {
  const SimpleKind<HelloSpec, Hello> kind;
  auto filter = build(kind, "{name: h, kind: Hello, to: late}")->instantiate(core_);
  loop::run_to_completion(loop_, filter->handle(exchange_));
  EXPECT_EQ(exchange_.response()->body.bytes(), "hello late");
}

TEST_F(SimpleKindTest, FaultsOfTheFieldsAndOfPrepareRefuse) {
  const SimpleKind<HelloSpec, Shout, int> kind(7);
  EXPECT_EQ(build(kind, "{name: h, kind: Shout, too: you}"), nullptr);
  EXPECT_THAT(faults_.lines(), ElementsAre(::testing::HasSubstr("filters[0].too: ")));
  EXPECT_EQ(build(kind, "{name: h, kind: Shout, to: nobody}"), nullptr);
  EXPECT_THAT(faults_.lines(), ElementsAre("filters[0].to: is nobody"));
}

TEST_F(SimpleKindTest, PassesTheModelTheCoreAndTheParts) {
  const SimpleKind<HelloSpec, Shout, int> kind(7);
  EXPECT_THAT(kind.results(), IsEmpty());
  const auto prototype = build(kind, "{name: h, kind: Shout, to: you}");
  ASSERT_NE(prototype, nullptr);
  EXPECT_EQ(prototype->spec().at("to"), "you");
  EXPECT_EQ(body_of(*prototype), "you!37");
}

}  // namespace
}  // namespace sluice::pipeline
