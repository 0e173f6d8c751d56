// SPDX-License-Identifier: Apache-2.0
// Covers: stored_objects_follow.cc
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/kinds/pipeline.h"
#include "control/stored_objects.h"
#include "control/testing/process.h"
#include "store/blobs.h"
#include "store/testing/shared_store.h"

namespace sluice::control {
namespace {

using store::SharedPart;
using store::SharedStore;
using testing::Script;

// A member with the objects that it has in force.
struct Member {
  Member(const std::shared_ptr<SharedPart>& shared, const std::string& name)
      : store(shared, name, 1), stored(store) {
    objects = stored.load().value();
  }
  // Saves an object with the text, as a change of the one in force.
  StoredObjects::Saved save(const std::string& name, const std::string& text,
                            const Json& pins = nullptr) {
    auto object = std::make_shared<Object>();
    object->name = name;
    object->spec = {{"name", name}, {"kind", "Pipeline"}, {"text", text}};
    object->kind = "Pipeline";
    object->pins = pins;
    const auto before = objects.find(name);
    auto saved = stored.save({{object, before != objects.end() ? before->second : nullptr}}, {});
    if (!saved) return saved;
    object->version = *saved;
    object->pins_version = pins.empty() ? 0 : *saved;
    objects[name] = object;
    return saved;
  }
  bool follow() { return stored.follow(objects).value(); }
  [[nodiscard]] std::string text(const std::string& name) const {
    const auto found = objects.find(name);
    return found != objects.end() ? found->second->spec.value("text", "") : "absent";
  }

  SharedStore store;
  StoredObjects stored;
  Objects objects;
};

class StoredObjectsFollowTest : public ::testing::Test {
 protected:
  // Makes the object of `member` run.
  void run(Member& member, const std::string& name) {
    auto running = std::make_shared<Object>(*member.objects.at(name));
    config::Faults faults;
    running->prototype =
        pipeline_kind().build(config::parse_document(testing::pipeline_text(name)).value(),
                              {filters_, 1, {}, {}}, faults);
    ASSERT_NE(running->prototype, nullptr);
    member.objects[name] = running;
  }

  Script script_;
  const pipeline::FilterKinds filters_ = testing::scripted_kinds(script_);
  const std::shared_ptr<store::SharedPart> shared_ = std::make_shared<store::SharedPart>();
  Member one_{shared_, "one"};
  Member two_{shared_, "two"};
};

TEST_F(StoredObjectsFollowTest, AMemberSeesTheChangesOfAnother) {
  ASSERT_TRUE(one_.save("a", "1", {{"f", 1}}));
  EXPECT_TRUE(two_.follow());
  EXPECT_EQ(two_.text("a"), "1");
  EXPECT_EQ(two_.objects.at("a")->pins, (Json{{"f", 1}}));
  EXPECT_EQ(two_.objects.at("a")->version, one_.objects.at("a")->version);
  EXPECT_EQ(two_.objects.at("a")->pins_version, one_.objects.at("a")->pins_version);
  EXPECT_EQ(two_.stored.version(), 1U);
  EXPECT_TRUE(two_.objects.at("a")->is_being_built());
  EXPECT_FALSE(two_.follow()) << "there is no more";
  ASSERT_TRUE(one_.stored.save({}, {"a"}));
  EXPECT_TRUE(two_.follow());
  EXPECT_EQ(two_.text("a"), "absent");
  EXPECT_EQ(two_.stored.version(), 2U);
}

TEST_F(StoredObjectsFollowTest, OwnChangesAreNoNews) {
  ASSERT_TRUE(one_.save("a", "1", {{"f", 1}}));
  ASSERT_TRUE(one_.save("a", "2"));
  EXPECT_FALSE(one_.follow());
  ASSERT_TRUE(one_.save("b", "1"));
  ASSERT_TRUE(one_.stored.save({}, {"b"}));
  one_.objects.erase("b");
  (void)one_.follow();
  EXPECT_EQ(one_.text("b"), "absent");
  EXPECT_EQ(one_.text("a"), "2");
}

TEST_F(StoredObjectsFollowTest, WhatRunsGoesOnUntilTheChangeIsBuilt) {
  ASSERT_TRUE(one_.save("a", "1", {{"f", 1}}));
  ASSERT_TRUE(two_.follow());
  run(two_, "a");
  const auto runs = two_.objects.at("a")->prototype;
  ASSERT_TRUE(one_.save("a", "2", {{"f", 1}}));
  EXPECT_TRUE(two_.follow());
  EXPECT_EQ(two_.objects.at("a")->prototype, runs);
  EXPECT_TRUE(two_.objects.at("a")->behind);
  run(two_, "a");
  two_.objects["a"] = [&] {
    auto built = std::make_shared<Object>(*two_.objects.at("a"));
    built->behind = false;
    return built;
  }();
  ASSERT_TRUE(one_.save("a", "2", {{"f", 1}}));
  EXPECT_TRUE(two_.follow());
  EXPECT_FALSE(two_.objects.at("a")->behind) << "the same spec and the same pins";
  ASSERT_TRUE(one_.save("a", "2", {{"f", 2}}));
  EXPECT_TRUE(two_.follow());
  EXPECT_TRUE(two_.objects.at("a")->behind) << "other pins";
}

// Deleted, and created as another kind of object.
TEST_F(StoredObjectsFollowTest, AnotherKindKeepsNothing) {
  ASSERT_TRUE(one_.save("a", "1"));
  ASSERT_TRUE(two_.follow());
  run(two_, "a");
  ASSERT_TRUE(one_.stored.save({}, {"a"}));
  const std::vector<store::DocumentChange> other{
      {"objects", "a", R"({"name": "a", "kind": "HTTPServer"})", {}}};
  ASSERT_TRUE(one_.store.change_documents(other));
  ASSERT_TRUE(two_.follow());
  EXPECT_FALSE(two_.objects.at("a")->runs());
  EXPECT_EQ(two_.objects.at("a")->kind, "HTTPServer");
}

TEST_F(StoredObjectsFollowTest, TheSecondOfTwoChangesIsRefused) {
  ASSERT_TRUE(one_.save("a", "1", {{"f", 1}}));
  const auto refused = two_.save("a", "2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().mismatch->collection, "objects");
  EXPECT_FALSE(StoredObjects::is_of_others(refused.error()));
  const auto other = two_.save("b", "2");
  ASSERT_FALSE(other) << "the number of changes";
  EXPECT_TRUE(StoredObjects::is_of_others(other.error()));
  ASSERT_TRUE(two_.follow());
  ASSERT_TRUE(two_.save("b", "2"));
  EXPECT_EQ(two_.stored.version(), 2U);
  auto pinned = std::make_shared<Object>(*one_.objects.at("a"));
  pinned->pins = {{"f", 2}};
  ASSERT_TRUE(one_.stored.save_pins({{pinned, one_.objects.at("a")}}));
  EXPECT_FALSE(two_.stored.save_pins({{pinned, two_.objects.at("a")}}));
}

TEST_F(StoredObjectsFollowTest, WhoIsFarBehindReadsAnew) {
  ASSERT_TRUE(one_.save("kept", "1", {{"f", 1}}));
  ASSERT_TRUE(one_.save("gone", "1"));
  ASSERT_TRUE(one_.save("changed", "1"));
  ASSERT_TRUE(two_.follow());
  const auto kept = two_.objects.at("kept");
  ASSERT_TRUE(one_.stored.save({}, {"gone"}));
  ASSERT_TRUE(one_.save("changed", "2"));
  ASSERT_TRUE(one_.save("new", "1"));
  shared_->forget_news();
  EXPECT_TRUE(two_.follow());
  EXPECT_EQ(two_.text("gone"), "absent");
  EXPECT_EQ(two_.text("changed"), "2");
  EXPECT_EQ(two_.text("new"), "1");
  EXPECT_EQ(two_.objects.at("kept"), kept) << "it is left alone";
  EXPECT_EQ(two_.stored.version(), one_.stored.version());
  EXPECT_FALSE(two_.follow());
}

TEST_F(StoredObjectsFollowTest, ADamagedDocumentIsAnObjectThatCannotRun) {
  ASSERT_TRUE(one_.save("a", "1"));
  ASSERT_TRUE(two_.follow());
  run(two_, "a");
  const std::vector<store::DocumentChange> damage{
      {"objects", "a", "{", {}}, {"pins", "a", "]", {}}, {"reload", "now", "{", {}}};
  ASSERT_TRUE(one_.store.change_documents(damage));
  ASSERT_TRUE(two_.follow());
  EXPECT_EQ(two_.objects.at("a")->kind, "");
  EXPECT_FALSE(two_.objects.at("a")->runs());
  ASSERT_NE(two_.stored.announcement(), nullptr);
  EXPECT_TRUE(two_.stored.announcement()->is_stale());
}

TEST_F(StoredObjectsFollowTest, TheCodeOfAnObjectIsThere) {
  const std::string hash(64, 'a');
  const Json pins = {{"f", {{"sha256", hash}}}};
  const auto refused = one_.save("a", "1", pins);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict) << "it was cleared: read it again";
  ASSERT_TRUE(store::Blobs(one_.store).put(hash, "code"));
  ASSERT_TRUE(one_.save("a", "1", pins));
  auto pinned = std::make_shared<Object>(*one_.objects.at("a"));
  pinned->pins["f"]["sha256"] = std::string(64, 'b');
  EXPECT_FALSE(one_.stored.save_pins({{pinned, one_.objects.at("a")}}));
}

TEST_F(StoredObjectsFollowTest, AnAnnouncementComesAndGoesWithThePins) {
  ASSERT_TRUE(one_.save("a", "1", {{"f", 1}}));
  Announcement made;
  made.id = "first";
  const auto announced = one_.stored.announce(made);
  ASSERT_TRUE(announced);
  EXPECT_FALSE(two_.stored.announce(made)) << "two has not seen it";
  ASSERT_TRUE(two_.follow());
  ASSERT_NE(two_.stored.announcement(), nullptr);
  EXPECT_EQ(two_.stored.announcement()->id, "first");
  EXPECT_EQ(two_.stored.announcement()->version, *announced);
  made.version = *announced;
  auto pinned = std::make_shared<Object>(*one_.objects.at("a"));
  pinned->pins = {{"f", 2}};
  ASSERT_TRUE(one_.stored.save_pins({{pinned, one_.objects.at("a")}}, &made));
  ASSERT_TRUE(two_.follow());
  EXPECT_EQ(two_.stored.announcement(), nullptr);
  EXPECT_EQ(two_.objects.at("a")->pins, pinned->pins);
}

}  // namespace
}  // namespace sluice::control
