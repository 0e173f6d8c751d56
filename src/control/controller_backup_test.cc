// SPDX-License-Identifier: Apache-2.0
// The objects of a backup: what is saved, and in which order it comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "control/testing/process.h"

namespace sluice::control {
namespace {

using namespace testing;  // control's
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> names_in(const std::vector<Json>& specs) {
  std::vector<std::string> names;
  for (const Json& spec : specs) names.push_back(spec.value("name", ""));
  return names;
}

class ControllerBackupTest : public ::testing::Test {
 protected:
  ControllerBackupTest()
      : process_(folder_.path(), script_), other_(other_folder_.path(), script_) {
    EXPECT_TRUE(process_->start());
    EXPECT_TRUE(other_->start());
  }
  // A gateway with two pipelines and a server, saved and then emptied.
  std::vector<SavedObject> saved() {
    EXPECT_EQ(process_.error(pipeline_text("p") + pipeline_text("q", "two") +
                             http_server_text("a-door", port_, "p")),
              "");
    auto objects = process_->save().objects;
    EXPECT_TRUE(process_->remove_all());
    return objects;
  }
  Result<std::vector<RestoredObject>> restore(const std::vector<SavedObject>& objects,
                                              bool replace = false) {
    done_.clear();
    return other_->restore({.objects = objects,
                            .replace = replace,
                            .restore_data = [this] { return restore_data_(); },
                            .done = done_});
  }
  bool is_open() { return !net::Listener::probe("", port_).has_value(); }

  Folder folder_;
  Folder other_folder_;
  Script script_;
  const std::uint16_t port_ = free_port();
  Process process_;
  Process other_;
  std::vector<std::string> done_;
  std::function<Result<void>()> restore_data_ = [] { return Result<void>(); };
};

TEST_F(ControllerBackupTest, EverythingComesBackAsItWas) {
  ASSERT_EQ(process_.error(pipeline_text("p") + http_server_text("a-door", port_, "p")), "");
  const auto objects = process_->save().objects;
  const auto specs = process_->list();
  ASSERT_TRUE(process_->remove_all());
  const auto restored = restore(objects);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(other_->list(), specs) << "createdAt included";
  EXPECT_EQ(other_.state("p"), "running");
  EXPECT_EQ(other_.state("a-door"), "running");
  EXPECT_EQ(script_.seen().back().pin, "one") << "built from its pin";
}

TEST_F(ControllerBackupTest, DoorsOpenLast) {
  const auto objects = saved();
  std::vector<std::string> meanwhile;
  bool open = true;
  restore_data_ = [&] {
    meanwhile = names_in(other_->list());
    open = is_open();
    return Result<void>();
  };
  const auto restored = restore(objects);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_THAT(meanwhile, ElementsAre("p", "q"));
  EXPECT_FALSE(open);
  EXPECT_TRUE(is_open());
  EXPECT_THAT(done_, ElementsAre("created Pipeline p, Pipeline q", "created HTTPServer a-door"));
}

TEST_F(ControllerBackupTest, DoorsThatWereOpenAreClosedFirst) {
  const auto objects = saved();
  ASSERT_EQ(other_.error(pipeline_text("old") + http_server_text("old-door", port_, "old")), "");
  ASSERT_TRUE(is_open());
  bool open = true;
  restore_data_ = [&] {
    open = is_open();
    return Result<void>();
  };
  const auto refused = restore(objects);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_THAT(done_, IsEmpty());
  EXPECT_TRUE(is_open()) << "a refusal changes nothing";
  const auto restored = restore(objects, true);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_FALSE(open);
  EXPECT_THAT(names_in(other_->list()), ElementsAre("a-door", "p", "q"));
  EXPECT_EQ(done_.front(), "deleted Pipeline old, HTTPServer old-door");
}

TEST_F(ControllerBackupTest, AnObjectThatCannotBeBuiltChangesNothing) {
  const auto objects = saved();
  ASSERT_EQ(other_.error(pipeline_text("old")), "");
  script_.fail("q", "does not like it here");
  const auto restored = restore(objects, true);
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error().message, HasSubstr("Pipeline q, filters[0].text: does not like it"));
  EXPECT_THAT(done_, IsEmpty());
  EXPECT_THAT(names_in(other_->list()), ElementsAre("old"));
}

TEST_F(ControllerBackupTest, AnObjectThatDidNotRunNeedNotRun) {
  auto objects = saved();
  objects[2].runs = false;
  script_.fail("q", "is broken");
  const auto restored = restore(objects);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_THAT((*restored)[2].warning, HasSubstr("is broken"));
  EXPECT_EQ(other_.state("q"), "failed");
  EXPECT_EQ(other_.state("a-door"), "running");
  script_.fail("q", "");
  EXPECT_TRUE(eventually([&] { return other_.state("q") == "running"; })) << "it is tried again";
}

TEST_F(ControllerBackupTest, AFailureSaysWhatIsDoneAndTheNextOneCompletes) {
  const auto objects = saved();
  restore_data_ = [] { return Result<void>(fail(ErrorKind::unavailable, "the disk is full")); };
  const auto restored = restore(objects);
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().message, "the disk is full");
  EXPECT_THAT(done_, ElementsAre("created Pipeline p, Pipeline q"));
  EXPECT_FALSE(is_open());
  restore_data_ = [] { return Result<void>(); };
  for (int i = 0; i < 2; ++i) {
    const auto again = restore(objects, true);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_THAT(names_in(other_->list()), ElementsAre("a-door", "p", "q"));
    EXPECT_TRUE(is_open());
  }
}

TEST_F(ControllerBackupTest, ObjectsOfNoBackupAreRefused) {
  auto objects = saved();
  objects[1].name = "other";
  EXPECT_THAT(restore(objects).error().message, HasSubstr("its spec has other names"));
  objects[1] = objects[2];
  objects[0].spec["createdAt"] = 1;
  EXPECT_THAT(restore(objects).error().message, HasSubstr("createdAt is no text"));
  objects[0].spec["createdAt"] = "";
  EXPECT_THAT(restore(objects).error().message, HasSubstr("\"q\" is there twice"));
  objects.resize(1);
  objects[0].kind = objects[0].spec["kind"] = "Unheard";
  EXPECT_THAT(restore(objects).error().message, HasSubstr("kind \"Unheard\" not found"));
  EXPECT_THAT(other_->list(), IsEmpty());
}

}  // namespace
}  // namespace sluice::control
