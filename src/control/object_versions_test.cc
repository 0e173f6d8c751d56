// SPDX-License-Identifier: Apache-2.0
#include "control/object_versions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "control/stored_objects.h"
#include "control/testing/members.h"

namespace sluice::control {
namespace {

using testing::Folder;
using ::testing::HasSubstr;
using testing::pipeline_text;

TEST(ObjectVersionTest, SurvivesTheStore) {
  const ObjectVersion version{
      .number = 12,
      .at = "2026-01-01T00:00:00.000Z",
      .origin = {.by = "ann", .address = "::1", .how = "undo", .undone_to = 3},
      .changes = {{"Pipeline", "a", "created"}, {"Pipeline", "b", "deleted", {{"text", "ä"}}}}};
  const auto back = decode_version(version_key(12), encode(version), true);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->number, 12U);
  EXPECT_EQ(back->at, version.at);
  EXPECT_EQ(back->origin.by, "ann");
  EXPECT_EQ(back->origin.address, "::1");
  EXPECT_EQ(back->origin.how, "undo");
  EXPECT_EQ(back->origin.undone_to, 3U);
  ASSERT_EQ(back->changes.size(), 2U);
  EXPECT_TRUE(back->changes[0].before.is_null());
  EXPECT_EQ(back->changes[1].before, (Json{{"text", "ä"}}));
  EXPECT_EQ(back->changes[1].change, "deleted");

  const auto bare = decode_version(version_key(12), encode_without_specs(version), true);
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->has_specs);
  EXPECT_EQ(bare->changes.size(), 2U);
}

TEST(ObjectVersionTest, TellsOfDamage) {
  for (const std::string text : {"", "[]", R"({"before":"!"})", R"({"before":"AAAA"})"}) {
    const auto read = decode_version(version_key(7), text, true);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::internal);
    EXPECT_THAT(read.error().message, HasSubstr("version 7 of the objects is damaged"));
  }
}

ObjectVersion change(std::uint64_t number, const std::string& name, const Json& before) {
  return {.number = number, .changes = {{"Pipeline", name, "updated", before}}};
}

TEST(ObjectVersionTest, ObjectsAreThoseOfNowLessTheChanges) {
  const ObjectVersions versions{change(3, "a", nullptr), change(4, "a", 1), change(5, "b", 2)};
  EXPECT_EQ(specs_at(versions, 5, 5)->size(), 0U);
  EXPECT_EQ(*specs_at(versions, 4, 5), (std::map<std::string, Json>{{"b", 2}}));
  EXPECT_EQ(*specs_at(versions, 3, 5), (std::map<std::string, Json>{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(*specs_at(versions, 2, 5), (std::map<std::string, Json>{{"a", nullptr}, {"b", 2}}));
  EXPECT_EQ(oldest_known(versions, 5), 2U);
  EXPECT_EQ(specs_at(versions, 1, 5).error().kind, ErrorKind::not_found);
  EXPECT_EQ(specs_at(versions, 6, 5).error().kind, ErrorKind::not_found);
}

TEST(ObjectVersionTest, AGapEndsWhatIsKnown) {
  ObjectVersions versions{change(3, "a", nullptr), change(5, "b", 2), change(6, "b", 3)};
  EXPECT_EQ(oldest_known(versions, 6), 4U) << "a program that keeps none made version 4";
  versions[2].has_specs = false;
  EXPECT_EQ(oldest_known(versions, 6), 6U);
}

class StoredVersionsTest : public ::testing::Test {
 protected:
  void save(std::size_t bytes) {
    std::string text;  // of digits by chance, which can hardly be packed
    while (text.size() < bytes) text += std::to_string(random_());
    ObjectVersion version{.changes = {{"Pipeline", "a", "deleted", text}}};
    ++saved_;
    ASSERT_TRUE(stored_.save({}, {}, &version));
    EXPECT_EQ(version.number, saved_);
  }
  Folder folder_;
  std::unique_ptr<store::Store> store_ =
      store::open_embedded_store(folder_.path(), 1, Logger(), {}, store::Durability::process)
          .value();
  StoredObjects stored_{*store_};
  std::uint64_t saved_ = 0;
  std::mt19937_64 random_{1};
};

TEST_F(StoredVersionsTest, AreBoundedInNumber) {
  for (std::size_t i = 0; i < kObjectVersionsMax + 5; ++i) save(1);
  const auto versions = stored_.versions(true);
  ASSERT_EQ(versions->size(), kObjectVersionsMax);
  EXPECT_EQ(versions->front().number, 6U);
  EXPECT_EQ(oldest_known(*versions, saved_), 5U);
}

TEST_F(StoredVersionsTest, AreBoundedInBytes) {
  constexpr std::size_t kHalf = kObjectVersionBytesMax / 2;
  for (int i = 0; i < 6; ++i) save(kHalf);
  const auto versions = stored_.versions(true);
  ASSERT_TRUE(versions);
  EXPECT_LT(versions->size(), 6U);
  EXPECT_GE(versions->size(), 2U);
  EXPECT_EQ(versions->back().number, 6U);
  save(4 * kObjectVersionBytesMax);
  EXPECT_FALSE(stored_.versions(true)->back().has_specs) << "larger than all may be together";
}

TEST(ControllerVersionsTest, AllMembersKnowTheSame) {
  testing::Members members;
  testing::Process& one = members.start("one");
  testing::Process& two = members.start("two");
  ASSERT_TRUE(one.apply(pipeline_text("p")));
  ASSERT_TRUE(testing::eventually([&] { return two.state("p") == "running"; }));
  ASSERT_TRUE(two.apply(pipeline_text("p", "two")));
  ASSERT_TRUE(testing::eventually([&] { return one.text("p") == "two"; }));
  const auto done = one->undo({.to = 1}, {.name = "ann"});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(one.text("p"), "one");
  ASSERT_TRUE(testing::eventually([&] { return two.text("p") == "one"; }));
  const auto history = two->history();
  ASSERT_TRUE(history);
  EXPECT_EQ(history->version, 3U);
  EXPECT_EQ(history->oldest, 0U);
  EXPECT_EQ(history->versions.back().origin.by, "ann");
  EXPECT_EQ(history->versions.back().origin.undone_to, 1U);
  EXPECT_EQ(two->undo({.to = 1, .from = 2}, {}).error().kind, ErrorKind::conflict);
  EXPECT_EQ(two->undo({.to = 3}, {}).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(two->objects_at(0)->empty());
}

}  // namespace
}  // namespace sluice::control
