// SPDX-License-Identifier: Apache-2.0
#include "control/custom_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "control/testing/members.h"
#include "control/testing/parse.h"

namespace sluice::control {
namespace {

using namespace testing;  // control's
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Result<CustomData::Done> put_kind(CustomData& data, const std::string& name) {
  config::Faults faults;
  return data.change(
      put_custom_kinds({build_custom_kind(parse("name: " + name), faults)}, ApplyMode::create));
}

Result<CustomData::Done> put(CustomData& data, const std::string& item) {
  return data.change(put_custom_item("users", parse(item), ApplyMode::apply));
}

std::vector<std::string> ids(const CustomData& data) {
  std::vector<std::string> ids;
  const auto state = data.state();
  const auto users = state->kinds.find("users");
  if (users == state->kinds.end()) return {"no kind"};
  for (const auto& [id, item] : *users->second.items) ids.push_back(id);
  return ids;
}

std::string numbered(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += "{name: n" + std::to_string(i) + "}, ";
  return "list: [" + list + "]";
}

Result<CustomData::Done> change(CustomData& data, const std::string& text) {
  config::Faults faults;
  return data.change(change_custom_items("users", read_custom_change(parse(text), faults)));
}

class CustomDataTest : public ::testing::Test {
 protected:
  Folder folder_;
  Script script_;
};

TEST_F(CustomDataTest, SurvivesTheProcess) {
  {
    Process process(folder_.path(), script_);
    ASSERT_TRUE(process->start());
    CustomData& data = process->custom_data();
    ASSERT_TRUE(put_kind(data, "users"));
    const auto done = put(data, "{name: ann}");
    ASSERT_TRUE(done);
    EXPECT_EQ(done->put, 1U);
    EXPECT_EQ(put(data, "{name: ann}")->put, 0U) << "unchanged";
    EXPECT_EQ(process->config_version(), 0U) << "no object has changed";
  }
  Process process(folder_.path(), script_);
  ASSERT_TRUE(process->start());
  EXPECT_THAT(ids(process->custom_data()), ElementsAre("ann"));
  ASSERT_TRUE(process->custom_data().change(erase_custom_item("users", "ann")));
  EXPECT_THAT(ids(process->custom_data()), ElementsAre());
}

TEST_F(CustomDataTest, OneChangeHasABoundAndStepsHaveNone) {
  Process process(folder_.path(), script_);
  ASSERT_TRUE(process->start());
  CustomData& data = process->custom_data();
  ASSERT_TRUE(put_kind(data, "users"));
  constexpr int kMany = static_cast<int>(kCustomChangeItemsMax);
  ASSERT_EQ(change(data, numbered(kMany))->put, kCustomChangeItemsMax);
  EXPECT_EQ(change(data, numbered(kMany + 1))->put, 1U) << "only what differs counts";
  const auto all_new = change(data, "{rebuild: true, list: [{name: a}]}");
  ASSERT_FALSE(all_new);
  EXPECT_EQ(all_new.error().kind, ErrorKind::too_large);
  EXPECT_EQ(data.state()->count(), kCustomChangeItemsMax + 1) << "nothing has changed";
  const auto done = data.change_in_steps(erase_custom_kind("users"));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->deleted, kCustomChangeItemsMax + 1);
  EXPECT_THAT(ids(data), ElementsAre("no kind"));
}

TEST_F(CustomDataTest, NothingChangesAfterTheEnd) {
  Process process(folder_.path(), script_);
  ASSERT_TRUE(process->start());
  process->end_changes();
  EXPECT_EQ(put_kind(process->custom_data(), "users").error().kind, ErrorKind::unavailable);
}

class CustomDataMembersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    members_.start("one");
    members_.start("two");
  }
  CustomData& of(const std::string& name) { return members_.of(name)->custom_data(); }
  Members members_;
};

TEST_F(CustomDataMembersTest, EveryMemberFollows) {
  ASSERT_TRUE(put_kind(of("one"), "users"));
  const auto done = put(of("one"), "{name: ann}");
  ASSERT_TRUE(done);
  EXPECT_THAT(of("one").await_members(done->version), IsEmpty());
  EXPECT_THAT(ids(of("two")), ElementsAre("ann")) << "at once: the note says so";
  const auto back = of("two").change(erase_custom_kind("users"));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_THAT(of("two").await_members(back->version), IsEmpty());
  EXPECT_THAT(ids(of("one")), ElementsAre("no kind"));
}

TEST_F(CustomDataMembersTest, AMemberThatComesLaterHasAll) {
  ASSERT_TRUE(put_kind(of("one"), "users"));
  ASSERT_TRUE(put(of("one"), "{name: ann}"));
  members_.start("three");
  EXPECT_THAT(ids(of("three")), ElementsAre("ann"));
}

TEST_F(CustomDataMembersTest, ChangesOfAllMembersComeOneAfterAnother) {
  ASSERT_TRUE(put_kind(of("one"), "users"));
  constexpr int kEach = 40;
  const auto put_some = [this](const std::string& member) {
    for (int i = 0; i < kEach; ++i) {
      const auto done = put(of(member), "{name: " + member + std::to_string(i) + "}");
      EXPECT_TRUE(done) << done.error().message;
    }
  };
  std::thread other([&] { put_some("two"); });
  put_some("one");
  other.join();
  const auto last = put(of("one"), "{name: last}");
  ASSERT_TRUE(last);
  EXPECT_THAT(of("one").await_members(last->version), IsEmpty());
  EXPECT_EQ(ids(of("one")).size(), 2U * kEach + 1);
  EXPECT_EQ(ids(of("one")), ids(of("two")));
}

}  // namespace
}  // namespace sluice::control
