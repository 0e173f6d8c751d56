// SPDX-License-Identifier: Apache-2.0
#include "control/custom_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/testing/parse.h"

namespace sluice::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::parse;

class CustomEditTest : public ::testing::Test {
 protected:
  CustomEditTest() {
    EXPECT_EQ(put_kind("{name: users}", ApplyMode::create), "");
    EXPECT_EQ(change("list: [{name: ann, level: 1}, {name: bob}]"), "");
  }
  // "", or the error with its details.
  std::string make(const CustomEdit& edit) {
    auto next = edit(state_);
    if (next) {
      state_ = *std::move(next);
      return "";
    }
    std::string text = next.error().message;
    for (const std::string& line : next.error().details) text += "|" + line;
    return text;
  }
  std::string put_kind(const std::string& text, ApplyMode mode) {
    config::Faults faults;
    return make(put_custom_kinds({build_custom_kind(parse(text), faults)}, mode));
  }
  std::string put(const std::string& item, ApplyMode mode) {
    return make(put_custom_item("users", parse(item), mode));
  }
  std::string change(const std::string& text) {
    config::Faults faults;
    return make(change_custom_items("users", read_custom_change(parse(text), faults)));
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const auto& [id, item] : *state_.kinds.at("users").items) ids.push_back(id);
    return ids;
  }
  CustomState state_;
};

TEST_F(CustomEditTest, ModesOfKinds) {
  EXPECT_THAT(put_kind("{name: users}", ApplyMode::create), HasSubstr("conflict name: "));
  EXPECT_THAT(put_kind("{name: shops}", ApplyMode::update), HasSubstr("not found: "));
  EXPECT_EQ(put_kind("{name: shops}", ApplyMode::apply), "");
  EXPECT_EQ(put_kind("{name: shops}", ApplyMode::update), "");
  EXPECT_THAT(ids(), ElementsAre("ann", "bob"));
}

TEST_F(CustomEditTest, AnEqualKindStaysAsItIs) {
  const auto before = state_.kinds.at("users").kind;
  EXPECT_EQ(put_kind("{name: users, idField: name}", ApplyMode::apply), "");
  EXPECT_EQ(state_.kinds.at("users").kind, before);
}

TEST_F(CustomEditTest, AKindKeepsItsItemsOrIsRefused) {
  EXPECT_EQ(put_kind("{name: users, jsonSchema: {type: object}}", ApplyMode::apply), "");
  EXPECT_THAT(ids(), ElementsAre("ann", "bob"));
  EXPECT_THAT(put_kind("{name: users, jsonSchema: {required: [level]}}", ApplyMode::apply),
              HasSubstr("item \"bob\".level: is required"));
  EXPECT_THAT(put_kind("{name: users, idField: level}", ApplyMode::apply),
              HasSubstr("idField cannot change"));
  EXPECT_EQ(state_.kinds.at("users").kind->id_field, "name");
}

TEST_F(CustomEditTest, KindsGoWithTheirItems) {
  EXPECT_THAT(make(erase_custom_kind("none")), HasSubstr("not found: CustomDataKind none"));
  EXPECT_EQ(make(erase_custom_kind("users")), "");
  EXPECT_EQ(state_.count(), 0U);
  EXPECT_EQ(put_kind("{name: a}", ApplyMode::create), "");
  EXPECT_EQ(make(erase_all_custom_kinds()), "");
  EXPECT_TRUE(state_.kinds.empty());
}

TEST_F(CustomEditTest, ModesOfItems) {
  EXPECT_THAT(put("{name: ann}", ApplyMode::create), HasSubstr("conflict name: CustomData users"));
  EXPECT_THAT(put("{name: eve}", ApplyMode::update), HasSubstr("not found: CustomData users eve"));
  EXPECT_EQ(put("{name: eve}", ApplyMode::create), "");
  EXPECT_EQ(put("{name: eve, x: 1}", ApplyMode::update), "");
  EXPECT_THAT(ids(), ElementsAre("ann", "bob", "eve"));
  EXPECT_THAT(make(put_custom_item("none", parse("{name: a}"), ApplyMode::apply)),
              HasSubstr("not found: CustomDataKind none"));
  EXPECT_THAT(put("{id: a}", ApplyMode::apply), HasSubstr("name: is required"));
}

TEST_F(CustomEditTest, ItemsGo) {
  EXPECT_THAT(make(erase_custom_item("users", "eve")), HasSubstr("not found: "));
  EXPECT_EQ(make(erase_custom_item("users", "ann")), "");
  EXPECT_THAT(ids(), ElementsAre("bob"));
  EXPECT_EQ(make(erase_all_custom_items("users")), "");
  EXPECT_THAT(ids(), ElementsAre());
  EXPECT_THAT(make(erase_all_custom_items("none")), HasSubstr("not found: "));
}

TEST_F(CustomEditTest, AChangeIsAList) {
  EXPECT_EQ(change("{delete: [ann, none], list: [{name: eve}, {name: bob, x: 1}]}"), "");
  EXPECT_THAT(ids(), ElementsAre("bob", "eve"));
  EXPECT_EQ((*state_.kinds.at("users").items->at("bob"))["x"], 1);
  EXPECT_EQ(change("{rebuild: true, list: [{name: new}]}"), "");
  EXPECT_THAT(ids(), ElementsAre("new"));
  EXPECT_EQ(change("{rebuild: true}"), "");
  EXPECT_THAT(ids(), ElementsAre());
}

TEST_F(CustomEditTest, AWrongChangeChangesNothing) {
  EXPECT_THAT(change("{rebuild: true, list: [{name: a}, {name: a}]}"),
              HasSubstr("list[1]: \"a\" is given twice"));
  EXPECT_THAT(change("{delete: [a], list: [{name: a}]}"),
              HasSubstr("delete[0]: \"a\" stands in list, too"));
  EXPECT_THAT(change("{name: shops}"), HasSubstr("name: inconsistent name"));
  const std::string two = change("{list: [{id: a}, {name: 1.5}, []]}");
  EXPECT_THAT(two, HasSubstr("list[0].name: is required"));
  EXPECT_THAT(two, HasSubstr("list[2]: an item must be a map"));
  EXPECT_THAT(ids(), ElementsAre("ann", "bob"));
}

}  // namespace
}  // namespace sluice::control
