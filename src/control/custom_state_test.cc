// SPDX-License-Identifier: Apache-2.0
#include "control/custom_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/stored_names.h"

namespace sluice::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::shared_ptr<const CustomKind> bare_kind(const std::string& name) {
  config::Faults faults;
  return restore_custom_kind({{"name", name}}, faults);
}

CustomState state_of(const std::map<std::string, std::vector<Json>>& kinds) {
  CustomDraft draft;
  for (const auto& [name, items] : kinds) {
    draft.put(bare_kind(name));
    for (const Json& item : items) EXPECT_TRUE(draft.put(name, item["name"], item));
  }
  return draft.finish().value();
}

// "kind/id" and the text of each item, "kind" for each kind.
std::vector<std::string> texts_of(const CustomState& state) {
  std::vector<std::string> texts;
  for (const auto& [name, of_kind] : state.kinds) {
    texts.push_back(name);
    for (const auto& [id, item] : *of_kind.items) {
      texts.push_back(name + "/");
      texts.back().append(id).append(" ").append(item->dump());
    }
  }
  return texts;
}

CustomState carry_over(const CustomState& before, const CustomState& after) {
  std::vector<std::string> faults;
  const auto changes = changes_between(before, after);
  CustomState made = with_changes(before, changes, faults);
  EXPECT_THAT(faults, IsEmpty());
  return made;
}

TEST(CustomState, ItsChangesMakeTheNextState) {
  const Json ann = {{"name", "ann"}};
  const Json ann2 = {{"name", "ann"}, {"level", 2}};
  const Json bob = {{"name", "bob"}};
  const std::vector<CustomState> states{
      state_of({}),
      state_of({{"users", {}}}),
      state_of({{"users", {ann, bob}}, {"shops", {ann}}}),
      state_of({{"users", {ann2}}, {"places", {bob}}}),
  };
  for (const CustomState& before : states) {
    for (const CustomState& after : states) {
      const CustomState made = carry_over(before, after);
      EXPECT_EQ(texts_of(made), texts_of(after));
      EXPECT_EQ(made.bytes, after.bytes);
      EXPECT_EQ(made.count(), after.count());
    }
  }
}

TEST(CustomState, OnlyWhatDiffersIsWritten) {
  const auto before = state_of({{"users", {{{"name", "ann"}}, {{"name", "bob"}}}}});
  const auto after = state_of({{"users", {{{"name", "ann"}, {"n", 1}}, {{"name", "bob"}}}}});
  const auto changes = changes_between(before, after);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].collection, kCustomItemDocuments);
  EXPECT_EQ(changes[0].key, "users/ann");
  EXPECT_THAT(changes_between(after, after), IsEmpty());
}

TEST(CustomState, AStepHasBounds) {
  std::vector<Json> items;
  for (std::size_t i = 0; i <= kCustomChangeItemsMax; ++i)
    items.push_back({{"name", std::to_string(i)}});
  const auto many = changes_between(state_of({{"k", {}}}), state_of({{"k", items}}));
  EXPECT_EQ(first_step(many).size(), kCustomChangeItemsMax);
  items.clear();
  const std::string text(kCustomItemBytesMax - 100, 'x');
  for (int i = 0; i < 20; ++i) items.push_back({{"name", std::to_string(i)}, {"t", text}});
  const auto large = changes_between(state_of({{"k", {}}}), state_of({{"k", items}}));
  EXPECT_EQ(first_step(large).size(), 16U);
}

TEST(CustomState, KnowsWhatItCannotRead) {
  std::vector<std::string> faults;
  const std::vector<store::DocumentChange> changes{
      {std::string(kCustomKindDocuments), "k", R"({"name": "k"})", {}},
      {std::string(kCustomKindDocuments), "other", R"({"name": "k"})", {}},
      {std::string(kCustomItemDocuments), "k/a", "[", {}},
      {std::string(kCustomItemDocuments), "gone/a", "{}", {}},
      {"objects", "p", "{}", {}}};
  EXPECT_THAT(texts_of(with_changes({}, changes, faults)), ElementsAre("k"));
  EXPECT_THAT(faults, ElementsAre(HasSubstr("CustomDataKind other"), HasSubstr("CustomData k/a")));
}

TEST(CustomState, HasBounds) {
  std::map<std::string, std::vector<Json>> kinds;
  for (std::size_t i = 0; i < kCustomKindsMax; ++i) kinds["k" + std::to_string(i)] = {};
  CustomState state = state_of(kinds);
  EXPECT_TRUE(check_bounds(state));
  state.kinds["more"] = state.kinds.begin()->second;
  EXPECT_EQ(check_bounds(state).error().kind, ErrorKind::too_large);
  CustomState heavy = state_of({{"k", {}}});
  heavy.bytes = kCustomBytesMax;
  EXPECT_TRUE(check_bounds(heavy));
  ++heavy.bytes;
  EXPECT_THAT(check_bounds(heavy).error().message, HasSubstr("32 MiB"));
}

TEST(CustomState, HasABoundOfItems) {
  CustomDraft draft;
  draft.put(bare_kind("k"));
  for (std::size_t i = 0; i < kCustomItemsMax; ++i) {
    const std::string id = std::to_string(i);
    ASSERT_TRUE(draft.put("k", id, {{"name", id}}));
  }
  const auto more = draft.put("k", "more", {{"name", "more"}});
  ASSERT_FALSE(more);
  EXPECT_THAT(more.error().message, HasSubstr("100000 items"));
}

TEST(CustomDraft, RefusesWhatDoesNotFit) {
  CustomDraft draft;
  draft.put(bare_kind("k"));
  EXPECT_THAT(draft.put("none", "a", {{"name", "a"}}).error().message, HasSubstr("of no kind"));
  EXPECT_THAT(draft.put("k", "a", {{"id", "a"}}).error().message, HasSubstr("is required"));
  EXPECT_THAT(draft.put("k", "a", {{"name", "b"}}).error().message, HasSubstr("another id"));
  ASSERT_TRUE(draft.put("k", "a", {{"name", "a"}}));
  EXPECT_THAT(draft.put("k", "a", {{"name", "a"}}).error().message, HasSubstr("there twice"));
}

TEST(CustomState, FiltersFindItsItems) {
  EXPECT_EQ(state_of({}).snapshot(), nullptr);
  const auto snapshot = state_of({{"users", {{{"name", "ann"}}}}}).snapshot();
  ASSERT_NE(snapshot, nullptr);
  EXPECT_NE(snapshot->find("users", "ann"), nullptr);
  EXPECT_EQ(snapshot->find("users", "bob"), nullptr);
}

}  // namespace
}  // namespace sluice::control
