// SPDX-License-Identifier: Apache-2.0
#include "control/custom_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/testing/parse.h"

namespace sluice::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::parse;

std::shared_ptr<const CustomKind> kind_of_text(const std::string& text) {
  config::Faults faults;
  auto kind = build_custom_kind(parse(text), faults);
  EXPECT_THAT(faults.lines(), IsEmpty());
  return kind;
}

std::vector<std::string> faults_of_kind(const std::string& text) {
  config::Faults faults;
  EXPECT_EQ(build_custom_kind(parse(text), faults), nullptr);
  return faults.lines();
}

TEST(CustomKind, HasDefaults) {
  const auto kind = kind_of_text("name: users");
  EXPECT_EQ(kind->name, "users");
  EXPECT_EQ(kind->id_field, "name");
  EXPECT_EQ(kind->schema, nullptr);
  EXPECT_EQ(kind->spec["kind"], "CustomDataKind");
  EXPECT_FALSE(kind->spec["createdAt"].get<std::string>().empty());
}

TEST(CustomKind, ReadsWhatItShows) {
  const auto kind = kind_of_text("{name: u, idField: id, jsonSchema: {type: object}}");
  config::Faults faults;
  const auto again = restore_custom_kind(kind->spec, faults);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->spec, kind->spec) << "createdAt included";
  EXPECT_NE(again->schema, nullptr);
  Json shown = kind->spec;
  shown["len"] = 3;
  EXPECT_NE(kind_of_text(shown.dump()), nullptr);
}

TEST(CustomKind, FaultsNameTheirPlace) {
  EXPECT_THAT(faults_of_kind("[]"), ElementsAre(HasSubstr("must be a map")));
  EXPECT_THAT(faults_of_kind("{}"), ElementsAre("name: is required"));
  EXPECT_THAT(faults_of_kind("name: a/b"), ElementsAre(HasSubstr("name: ")));
  EXPECT_THAT(faults_of_kind("{name: a, kind: Pipeline}"), ElementsAre(HasSubstr("kind: ")));
  EXPECT_THAT(faults_of_kind("{name: a, jsonSchema: {typ: x}}"),
              ElementsAre(HasSubstr("jsonSchema.typ: ")));
  EXPECT_THAT(faults_of_kind("{name: a, idfield: x}"), ElementsAre(HasSubstr("idfield: ")));
}

std::string fault_of_item(const CustomKind& kind, const std::string& text) {
  config::Faults faults;
  (void)custom_item(kind, parse(text), "list[0]", faults);
  EXPECT_LE(faults.count(), 1U);
  return faults.empty() ? "" : faults.lines()[0];
}

TEST(CustomItem, HasAnIdThatIsText) {
  const auto kind = kind_of_text("{name: u, idField: id}");
  config::Faults faults;
  EXPECT_EQ(custom_item(*kind, parse("{id: 007, n: 7}"), "", faults),
            Json({{"id", "007"}, {"n", 7}}))
      << "as it is spelt";
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(fault_of_item(*kind, "{id: ann@example.com/1}"), "");
  EXPECT_EQ(fault_of_item(*kind, "{name: a}"), "list[0].id: is required: it is the id");
  EXPECT_EQ(fault_of_item(*kind, "{id: [a]}"), "list[0].id: must be text: it is the id");
  EXPECT_EQ(fault_of_item(*kind, "{id: ''}"), "list[0].id: must not be empty");
  EXPECT_THAT(fault_of_item(*kind, R"({id: "a\nb"})"), HasSubstr("printable"));
  EXPECT_THAT(fault_of_item(*kind, "{id: items}"), HasSubstr("a word of the API"));
  EXPECT_EQ(fault_of_item(*kind, "text"), "list[0]: an item must be a map");
}

TEST(CustomItem, HasBounds) {
  const auto kind = kind_of_text("name: u");
  EXPECT_EQ(fault_of_item(*kind, "{name: " + std::string(kCustomIdBytesMax, 'a') + "}"), "");
  EXPECT_THAT(fault_of_item(*kind, "{name: " + std::string(kCustomIdBytesMax + 1, 'a') + "}"),
              HasSubstr("256 bytes"));
  EXPECT_THAT(fault_of_item(*kind, "{name: a, t: " + std::string(kCustomItemBytesMax, 'a') + "}"),
              HasSubstr("65536 bytes"));
}

TEST(CustomItem, FitsTheSchema) {
  const auto kind = kind_of_text(
      "{name: u, jsonSchema: {properties: {level: {type: integer}}, required: [level]}}");
  EXPECT_EQ(fault_of_item(*kind, "{name: a, level: 1}"), "");
  EXPECT_EQ(fault_of_item(*kind, "{name: a, level: x}"), "list[0].level: must be of type integer");
  EXPECT_EQ(fault_of_item(*kind, "{name: a}"), "list[0].level: is required");
}

TEST(CustomChange, IsReadFromItsDocument) {
  config::Faults faults;
  const auto change = read_custom_change(
      parse("{name: u, kind: CustomData, rebuild: true, delete: [a, 1], list: [{name: b}]}"),
      faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(change.kind, "u");
  EXPECT_TRUE(change.rebuild);
  EXPECT_THAT(change.erase, ElementsAre("a", "1"));
  ASSERT_EQ(change.list.size(), 1U);
  EXPECT_EQ(change.list[0].find("name")->scalar, "b");
  (void)read_custom_change(parse("{lst: []}"), faults);
  EXPECT_THAT(faults.lines(), ElementsAre(HasSubstr("did you mean \"list\"?")));
}

}  // namespace
}  // namespace sluice::control
