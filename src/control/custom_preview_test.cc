// SPDX-License-Identifier: Apache-2.0
#include "control/custom_preview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/custom_edit.h"
#include "control/testing/parse.h"

namespace sluice::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::parse;

constexpr const char* kUsers =
    "{kind: CustomDataKind, name: users, jsonSchema: {type: object, "
    "properties: {level: {type: integer}}}}";

class CustomPreviewTest : public ::testing::Test {
 protected:
  Result<std::vector<CustomPreview>> preview(const std::vector<std::string>& texts,
                                             ApplyMode mode = ApplyMode::apply) {
    std::vector<config::Value> documents;
    for (const std::string& text : texts) documents.push_back(parse(text));
    return preview_custom(documents, mode, ground_);
  }
  // "kind name change put deleted", one for each.
  std::vector<std::string> outcomes(const std::vector<std::string>& texts) {
    std::vector<std::string> lines;
    const auto previews = preview(texts);
    if (!previews) return previews.error().details;
    for (const CustomPreview& one : *previews) {
      lines.push_back(one.kind + " " + one.name + " " + one.change + " " + std::to_string(one.put) +
                      " " + std::to_string(one.deleted));
    }
    return lines;
  }
  void have(const std::string& kind, const std::string& change) {
    config::Faults faults;
    make(put_custom_kinds({build_custom_kind(parse(kind), faults)}, ApplyMode::apply));
    make(change_custom_items("users", read_custom_change(parse(change), faults)));
  }
  void make(const CustomEdit& edit) {
    const auto next = edit(ground_.state);
    ASSERT_TRUE(next) << next.error().message;
    std::vector<std::string> unread;
    ground_.state = with_changes(ground_.state, changes_between(ground_.state, *next), unread);
  }
  CustomGround ground_;
};

TEST_F(CustomPreviewTest, KindsComeFirstWhateverTheOrder) {
  EXPECT_THAT(outcomes({"{kind: CustomData, name: users, list: [{name: ann}]}", kUsers}),
              ElementsAre("CustomDataKind users created 0 0", "CustomData users updated 1 0"));
  EXPECT_TRUE(ground_.state.kinds.empty()) << "nothing has changed";
}

TEST_F(CustomPreviewTest, ShowsOnlyItemsThatDiffer) {
  have(kUsers, "{name: users, list: [{name: ann, level: 1}, {name: bob}, {name: eve}]}");
  const auto previews =
      preview({"{kind: CustomData, name: users, list: [{name: ann, level: 2}, {name: bob}], "
               "delete: [eve]}"});
  ASSERT_TRUE(previews) << previews.error().message;
  const CustomPreview& one = previews->at(0);
  EXPECT_EQ(one.before["list"], Json::parse(R"([{"name":"ann","level":1},{"name":"eve"}])"));
  EXPECT_EQ(one.after["list"], Json::parse(R"([{"name":"ann","level":2}])"));
  EXPECT_EQ(one.put, 1U);
  EXPECT_EQ(one.deleted, 1U);
  EXPECT_THAT(outcomes({"{kind: CustomData, name: users, list: [{name: bob}]}", kUsers}),
              ElementsAre("CustomDataKind users unchanged 0 0", "CustomData users unchanged 0 0"));
}

TEST_F(CustomPreviewTest, FaultsHaveDocumentAndPath) {
  EXPECT_THAT(
      outcomes({kUsers, "{kind: CustomData, name: users, list: [{name: a}, {name: b, level: x}]}",
                "{kind: CustomData, list: []}"}),
      ElementsAre(HasSubstr("document 2, list[1].level: "), "document 3, name: is required"));
  EXPECT_THAT(outcomes({"{kind: CustomDataKind, name: users, jsonSchema: {typ: x}}",
                        "{kind: CustomData, name: users, list: [{}]}"}),
              ElementsAre(HasSubstr("document 1, jsonSchema")))
      << "no echo of the items";
}

TEST_F(CustomPreviewTest, AKindThatItsItemsDoNotFitIsRefused) {
  have("{kind: CustomDataKind, name: users}", "{name: users, list: [{name: ann, level: x}]}");
  EXPECT_THAT(outcomes({kUsers}), ElementsAre(HasSubstr("item \"ann\".level: ")));
}

TEST_F(CustomPreviewTest, ModesAndAbsentKinds) {
  have(kUsers, "{name: users}");
  EXPECT_EQ(preview({kUsers}, ApplyMode::create).error().kind, ErrorKind::conflict);
  const std::string stray = "{kind: CustomData, name: shops, list: [{name: a}]}";
  EXPECT_EQ(preview({stray}).error().kind, ErrorKind::not_found);
  ground_.knows_all = false;
  const auto previews = preview({stray});
  ASSERT_TRUE(previews);
  EXPECT_THAT(previews->at(0).warnings, ElementsAre(HasSubstr("CustomDataKind shops is not in")));
}

TEST_F(CustomPreviewTest, AChangeThatIsTooLargeIsRefused) {
  std::string list;
  for (std::size_t i = 0; i <= kCustomChangeItemsMax; ++i)
    list += "{name: n" + std::to_string(i) + "},";
  EXPECT_EQ(preview({kUsers, "{kind: CustomData, name: users, list: [" + list + "]}"}).error().kind,
            ErrorKind::too_large);
}

}  // namespace
}  // namespace sluice::control
