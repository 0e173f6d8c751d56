// SPDX-License-Identifier: Apache-2.0
#include "pipeline/state_registry.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "loop/event_loop.h"
#include "pipeline/core_places.h"

namespace sluice::pipeline {
namespace {

struct Counter {
  int count = 0;
};

struct Pupil {
  int lessons = 0;
  [[nodiscard]] Json knowledge() const { return lessons > 0 ? Json(lessons) : Json(); }
  void learn(const config::Value& value) { lessons = std::stoi(value.scalar); }
};

// The states of a filter of one generation, and what holds them.
struct Generation {
  std::shared_ptr<Counter> counter;
  std::shared_ptr<Pupil> pupil;
  std::shared_ptr<const StateSet> states;
};

class StateRegistryTest : public testing::Test {
 protected:
  static Generation build(StateDraft draft, int limit, const std::string& filter,
                          const std::string& kind) {
    const StateScope scope = draft.scope().of_filter(filter, kind);
    Generation made;
    made.counter = scope.keep("counter", limit, [] { return std::make_shared<Counter>(); });
    made.pupil = scope.within("pool").keep("pupil", [] { return std::make_shared<Pupil>(); });
    made.states = std::move(draft).finish();
    return made;
  }
  Generation build(const std::string& pipeline, int limit = 1, const std::string& filter = "f",
                   const std::string& kind = "Limiter") {
    return build(registry_.draft(pipeline), limit, filter, kind);
  }
  void inherit(const std::string& text) { registry_.inherit(config::parse_document(text).value()); }

  StateRegistry registry_;
};

TEST_F(StateRegistryTest, TheNextGenerationFindsTheStateUnderTheSameTerms) {
  const Generation first = build("p");
  registry_.put_in_force({{"p", first.states}});
  const Generation second = build("p");
  EXPECT_EQ(second.counter, first.counter);
  EXPECT_EQ(second.pupil, first.pupil);
  registry_.put_in_force({{"p", second.states}});
  const Generation third = build("p", 2);
  EXPECT_NE(third.counter, first.counter) << "other terms";
  EXPECT_EQ(third.pupil, first.pupil) << "which has none";
  registry_.put_in_force({{"p", third.states}});
  EXPECT_NE(build("p", 1).counter, first.counter) << "only the generation in force counts";
}

TEST_F(StateRegistryTest, NothingIsSharedAcrossPipelinesFiltersPartsAndKinds) {
  const Generation first = build("p");
  registry_.put_in_force({{"p", first.states}});
  EXPECT_NE(build("q").counter, first.counter);
  EXPECT_NE(build("p", 1, "g").counter, first.counter);
  EXPECT_NE(build("p", 1, "f", "Proxy").counter, first.counter);
  StateDraft draft = registry_.draft("p");
  const StateScope filter = draft.scope().of_filter("f", "Limiter");
  EXPECT_FALSE(filter.within("pool").find<Counter>("counter", 1));
  EXPECT_FALSE(filter.find<Counter>("count", 1));
  EXPECT_TRUE(filter.find<Counter>("counter", 1));
}

TEST_F(StateRegistryTest, AStateOfAnotherTypeIsAnotherState) {
  const Generation first = build("p");
  registry_.put_in_force({{"p", first.states}});
  StateDraft draft = registry_.draft("p");
  const StateScope filter = draft.scope().of_filter("f", "Limiter");
  EXPECT_FALSE(filter.find<Pupil>("counter", 1));
  EXPECT_FALSE(filter.find<const Counter>("counter", 1));
  EXPECT_FALSE(filter.find<Counter>("counter", 1L)) << "terms of another type";
  EXPECT_EQ(filter.keep("counter", 1, [] { return std::make_shared<Pupil>(); })->lessons, 0);
  EXPECT_EQ(filter.find<Counter>("counter", 1), first.counter);
}

TEST_F(StateRegistryTest, ARefusedGenerationLeavesNoTrace) {
  const Generation first = build("p");
  registry_.put_in_force({{"p", first.states}});
  const Json known = registry_.knowledge();
  const Generation refused = build("p", 2);
  EXPECT_NE(refused.counter, first.counter);
  EXPECT_EQ(build("p").counter, first.counter);
  EXPECT_NE(build("p", 2).counter, refused.counter);
  EXPECT_EQ(registry_.knowledge(), known);
}

TEST_F(StateRegistryTest, AStateDiesWithItsLastUser) {
  Generation first = build("p");
  registry_.put_in_force({{"p", first.states}});
  Generation second = build("p");
  registry_.put_in_force({{"p", second.states}});
  const std::weak_ptr<Counter> counter = first.counter;
  first = {};
  EXPECT_FALSE(counter.expired());
  second = {};
  EXPECT_TRUE(counter.expired()) << "the registry holds nothing";
  EXPECT_EQ(build("p").counter->count, 0);
}

TEST_F(StateRegistryTest, AnObjectThatIsRemovedOrStopsStartsAnew) {
  const Generation first = build("p");
  for (const auto& next :
       {StateRegistry::Generation{}, StateRegistry::Generation{{"p", nullptr}}}) {
    registry_.put_in_force({{"p", first.states}});
    registry_.put_in_force(next);
    EXPECT_NE(build("p").counter, first.counter) << "although a request still uses it";
  }
}

TEST_F(StateRegistryTest, AReloadOfCodeContinuesAllButWhatItReplaces) {
  const Generation first = build("p");
  registry_.put_in_force({{"p", first.states}});
  StateDraft draft = registry_.draft("p");
  draft.continue_all();
  const auto other = std::make_shared<Counter>();
  draft.scope().of_filter("f", "Limiter").put("counter", 1, other);
  registry_.put_in_force({{"p", std::move(draft).finish()}});
  EXPECT_EQ(build("p").counter, other);
  EXPECT_EQ(build("p").pupil, first.pupil);
}

TEST_F(StateRegistryTest, NoStateIsNoState) {
  StateDraft draft = registry_.draft("p");
  EXPECT_FALSE(draft.scope().keep("none", [] { return std::shared_ptr<Counter>(); }));
  registry_.put_in_force({{"p", std::move(draft).finish()}});
  StateDraft next = registry_.draft("p");
  EXPECT_TRUE(next.scope().keep("none", [] { return std::make_shared<Counter>(); }));
}

TEST_F(StateRegistryTest, WithoutADraftEverythingIsNew) {
  const StateScope scope = StateScope().of_filter("f", "Limiter");
  const auto made = scope.keep("counter", [] { return std::make_shared<Counter>(); });
  EXPECT_TRUE(made);
  EXPECT_FALSE(scope.find<Counter>("counter", NoTerms()));
  EXPECT_FALSE(scope.changed("rules", 1));
}

TEST_F(StateRegistryTest, AChangeIsAgainstTheGenerationInForce) {
  const auto changed = [this](int rules, bool comes_into_force) {
    StateDraft draft = registry_.draft("p");
    const bool result = draft.scope().changed("rules", rules);
    if (comes_into_force) registry_.put_in_force({{"p", std::move(draft).finish()}});
    return result;
  };
  EXPECT_FALSE(changed(1, true)) << "the first";
  EXPECT_FALSE(changed(1, true));
  EXPECT_TRUE(changed(2, false));
  EXPECT_TRUE(changed(2, true)) << "the one before was refused";
  EXPECT_FALSE(changed(2, true));
}

TEST_F(StateRegistryTest, TheNextProcessLearnsFromThisOne) {
  const Generation first = build("p");
  first.pupil->lessons = 7;
  const Generation untaught = build("q");
  registry_.put_in_force({{"p", first.states}, {"q", untaught.states}, {"r", nullptr}});
  const Json known = registry_.knowledge();
  EXPECT_EQ(known, (Json{{"p", {{"f", {{"pool", {{"pupil", 7}}}}}}}}));

  StateRegistry next;
  next.inherit(config::parse_document(known.dump()).value());
  next.put_in_force({{"p", nullptr}});  // it is being built
  // A build that fails, and one that succeeds.
  EXPECT_EQ(build(next.draft("p"), 1, "f", "Limiter").pupil->lessons, 7);
  const Generation heir = build(next.draft("p"), 1, "f", "Limiter");
  EXPECT_EQ(heir.pupil->lessons, 7);
  EXPECT_EQ(build(next.draft("p"), 1, "g", "Limiter").pupil->lessons, 0);
  next.put_in_force({{"p", heir.states}});
  EXPECT_EQ(next.knowledge(), known);
}

TEST_F(StateRegistryTest, WhatIsInheritedCountsForTheFirstGenerationOnly) {
  inherit("{p: {f: {pool: {pupil: 7}}}, q: {f: {pool: {pupil: 8}}}, r: odd}");
  registry_.put_in_force({{"p", nullptr}, {"r", nullptr}});
  EXPECT_EQ(build("q").pupil->lessons, 0) << "it does not exist in this process";
  EXPECT_EQ(build("r").pupil->lessons, 0);
  const Generation first = build("p");
  registry_.put_in_force({{"p", first.states}});
  registry_.put_in_force({{"p", nullptr}});
  EXPECT_EQ(build("p").pupil->lessons, 0);
}

TEST_F(StateRegistryTest, EachCoreHasAPlaceThatHoldsNothingAlive) {
  loop::EventLoop loop;
  const loop::Core first{loop, 0, 2};
  const loop::Core second{loop, 1, 2};
  CorePlaces<Counter> places(2);
  EXPECT_FALSE(places.find(first));
  auto counter = std::make_shared<Counter>();
  places.put(first, counter);
  EXPECT_EQ(places.find(first), counter);
  EXPECT_FALSE(places.find(second));
  counter.reset();
  EXPECT_FALSE(places.find(first));
}

}  // namespace
}  // namespace sluice::pipeline
