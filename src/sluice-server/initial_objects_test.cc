// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/initial_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "control/testing/process.h"

namespace sluice::server_program {
namespace {

using namespace control::testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Matches;

constexpr InitialObjects::Start kFirst;
constexpr InitialObjects::Start kLater{.first = false};

class InitialObjectsTest : public ::testing::Test {
 protected:
  InitialObjectsTest() { EXPECT_TRUE(process_->start()); }
  std::string file(const std::string& name, const std::string& text) {
    std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  Result<void> create(std::vector<std::string> files) {
    return InitialObjects(std::move(files), kFirst, *process_, Logger()).wait();
  }

  bool told_of(const std::string& words) {
    return Matches(Contains(HasSubstr(words)))(process_->troubles());
  }

  Folder folder_;
  Script script_;
  Process process_{folder_.path(), script_};
};

TEST_F(InitialObjectsTest, AreCreatedWhereTheirNamesAreFree) {
  ASSERT_TRUE(process_.apply(pipeline_text("p", "mine")));
  InitialObjects initial(
      {file("a", pipeline_text("p", "theirs") + pipeline_text("q")), file("b", pipeline_text("r"))},
      kFirst, *process_, Logger());
  const auto created = initial.wait();
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(process_.text("p"), "mine");
  EXPECT_EQ(process_.state("q") + process_.state("r"), "runningrunning");
  EXPECT_EQ(process_->config_version(), 3U);
}

TEST_F(InitialObjectsTest, FaultsNameTheFile) {
  EXPECT_THAT(create({folder_.path() + "/absent"}).error().message,
              HasSubstr("--initial-object-config-files: " + folder_.path() + "/absent cannot"));
  const std::string torn = file("torn", "a: [");
  EXPECT_THAT(create({torn}).error().message, HasSubstr(torn + ": "));
}

TEST_F(InitialObjectsTest, OneThatCannotBeBuiltNamesFileAndField) {
  script_.fail("q", "is no good");
  const std::string bad = file("bad", pipeline_text("q"));
  const auto created = create({file("good", pipeline_text("p")), bad});
  ASSERT_FALSE(created);
  EXPECT_THAT(created.error().message,
              HasSubstr(bad + ": Pipeline q (document 1): filters[0].text: is no good"));
  EXPECT_EQ(process_.state("p"), "running") << "of the file before";
}

TEST_F(InitialObjectsTest, OneThatTakesLongHoldsUpNothing) {
  script_.hold("p");
  InitialObjects initial({file("slow", pipeline_text("p"))}, kFirst, *process_, Logger());
  EXPECT_TRUE(initial.wait());
  EXPECT_EQ(process_.state("p"), "not found: p");
  EXPECT_THAT(process_->troubles(), ElementsAre(HasSubstr("/slow: its objects are not created")));
  script_.release("p");
  EXPECT_TRUE(eventually([&] { return process_.state("p") == "running"; }));
  EXPECT_TRUE(eventually([&] { return !process_->lacks_initial_objects(); }));
}

TEST_F(InitialObjectsTest, OneThatFailsLateIsTriedAgain) {
  script_.hold("q");
  const std::string both = file("both", pipeline_text("p") + pipeline_text("q"));
  InitialObjects initial({both, file("good", pipeline_text("r"))}, kFirst, *process_, Logger());
  EXPECT_TRUE(initial.wait());
  script_.fail("q", "is no good");
  script_.release("q");
  EXPECT_TRUE(eventually([&] { return process_.state("r") == "running"; })) << "of the file behind";
  const auto why = HasSubstr(both + ": Pipeline q (document 2): filters[0].text: is no good");
  EXPECT_TRUE(eventually([&] { return Matches(ElementsAre(why))(process_->troubles()); }));
  EXPECT_EQ(process_.state("p"), "not found: p") << "of a file all or none";
  ASSERT_TRUE(process_->remove("r"));
  script_.fail("q", "");
  EXPECT_TRUE(eventually([&] { return !process_->lacks_initial_objects(); }));
  EXPECT_EQ(process_.state("p") + process_.state("q"), "runningrunning");
  EXPECT_EQ(process_.state("r"), "not found: r") << "its file was done";
}

TEST_F(InitialObjectsTest, AFileIsReadAgain) {
  ASSERT_TRUE(process_.apply(pipeline_text("p", "mine")));
  script_.fail("q", "is no good");
  const std::string bad = file("bad", pipeline_text("q"));
  InitialObjects initial({bad}, kLater, *process_, Logger());
  EXPECT_TRUE(initial.wait()) << "a process that has objects serves them";
  EXPECT_THAT(process_->troubles(), ElementsAre(HasSubstr("Pipeline q (document 1)")));
  EXPECT_FALSE(process_->lacks_initial_objects()) << "so it is ready";
  file("bad", pipeline_text("r"));
  EXPECT_TRUE(eventually([&] { return process_.state("r") == "running"; }));
}

// An empty file says nothing while it is written anew.
TEST_F(InitialObjectsTest, AFileThatIsEmptyForAMomentCountsAsItWas) {
  script_.fail("q", "is no good");
  script_.hold("q");
  const std::string one = file("one", pipeline_text("q"));
  InitialObjects initial({one}, kFirst, *process_, Logger());
  EXPECT_TRUE(initial.wait());
  file("one", "");
  script_.release("q");
  EXPECT_TRUE(eventually([&] { return told_of("is no good"); }));
  script_.fail("q", "");
  EXPECT_TRUE(eventually([&] { return process_.state("q") == "running"; }));
}

TEST_F(InitialObjectsTest, APipeIsReadOnce) {
  const std::string pipe = folder_.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  script_.fail("q", "is no good");
  script_.hold("q");
  InitialObjects initial({pipe}, kFirst, *process_, Logger());
  std::ofstream(pipe) << pipeline_text("q");
  EXPECT_TRUE(initial.wait());
  script_.release("q");
  EXPECT_TRUE(eventually([&] { return told_of("is no good"); }));
  script_.fail("q", "");
  EXPECT_TRUE(eventually([&] { return process_.state("q") == "running"; }));
}

TEST_F(InitialObjectsTest, WhatAPredecessorHasReadIsNotTakenForEmpty) {
  InitialObjects initial({"/dev/null"}, {.first = true, .hot = true}, *process_, Logger());
  const auto created = initial.wait();
  ASSERT_FALSE(created);
  EXPECT_THAT(created.error().message, HasSubstr("/dev/null: the process before has read it"));
}

TEST_F(InitialObjectsTest, LaterAFileThatIsGoneHoldsUpNothing) {
  InitialObjects initial({folder_.path() + "/absent"}, kLater, *process_, Logger());
  EXPECT_TRUE(initial.wait());
  EXPECT_TRUE(eventually([&] { return !process_->lacks_initial_objects(); }));
}

TEST_F(InitialObjectsTest, TheEndOfTheProcessEndsThem) {
  script_.hold("p");
  const InitialObjects initial({file("slow", pipeline_text("p"))}, kFirst, *process_, Logger());
  script_.wait_for_build("p");
}

}  // namespace
}  // namespace sluice::server_program
