// SPDX-License-Identifier: Apache-2.0
// Covers: follower.cc changes.cc
// Controllers that share the objects in the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "control/testing/members.h"

namespace sluice::control {
namespace {

using namespace testing;  // control's
using ::testing::HasSubstr;

class ControllerMembersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    members_.start("one");
    members_.start("two");
  }
  Process& one() { return members_.of("one"); }
  Process& two() { return members_.of("two"); }
  // Waits until `member` runs the pipeline `p` with that text.
  static bool comes_to_run(Process& member, const std::string& name, const std::string& text) {
    return eventually([&] {
      return member->get(name) && member.state(name) == "running" && member.text(name) == text;
    });
  }

  Members members_;
};

TEST_F(ControllerMembersTest, EveryMemberFollows) {
  ASSERT_TRUE(one().apply(pipeline_text("p")));
  EXPECT_TRUE(comes_to_run(two(), "p", "one"));
  EXPECT_EQ(one()->list(), two()->list()) << "with its time of creation";
  EXPECT_EQ(members_.script("two").seen().back().pin, "one");
  ASSERT_TRUE(two().apply(pipeline_text("p", "two")));
  EXPECT_TRUE(comes_to_run(one(), "p", "two"));
  EXPECT_EQ(one()->config_version(), 2U);
  ASSERT_TRUE(one()->remove("p"));
  EXPECT_TRUE(eventually([&] { return !two()->get("p"); }));
  EXPECT_TRUE(eventually([&] { return two()->config_version() == 3; }));
}

TEST_F(ControllerMembersTest, AMemberBuildsItsOwnChangesOnce) {
  ASSERT_TRUE(one().apply(pipeline_text("p")));
  ASSERT_TRUE(two().apply(pipeline_text("q")));
  EXPECT_TRUE(comes_to_run(one(), "q", "one"));
  EXPECT_EQ(members_.script("one").seen().size(), 2U) << "p by the apply, q by following";
}

TEST_F(ControllerMembersTest, AnObjectThatAMemberCannotRunHoldsUpNoOther) {
  members_.script("two").fail("bad", "no such file");
  ASSERT_TRUE(one().apply(pipeline_text("bad") + pipeline_text("good")));
  EXPECT_TRUE(comes_to_run(two(), "good", "one"));
  EXPECT_TRUE(eventually([&] { return two().state("bad") == "failed"; }));
  EXPECT_THAT(two()->status("bad")->value("error", ""), HasSubstr("no such file"));
  EXPECT_EQ(one().state("bad"), "running");
  members_.script("two").fail("bad", "");
  EXPECT_TRUE(comes_to_run(two(), "bad", "one")) << "it is tried again";
}

TEST_F(ControllerMembersTest, TheWarningsOfAMemberAreKnownToAll) {
  const auto two_warns = [this] {
    auto states = one()->states_elsewhere();
    return states && (*states)["p"]["two"].dump().contains("no such file");
  };
  members_.script("two").warn("p", "no such file");
  ASSERT_TRUE(one().apply(pipeline_text("p")));
  EXPECT_TRUE(eventually(two_warns));
  EXPECT_FALSE(one()->status("p")->contains("warnings"));
  members_.script("two").warn("p", "");
  ASSERT_TRUE(one().apply(pipeline_text("p", "two")));
  EXPECT_TRUE(eventually([&] { return !two_warns(); }));
}

TEST_F(ControllerMembersTest, AMemberThatCannotRunAChangeServesOnAsBefore) {
  ASSERT_TRUE(one().apply(pipeline_text("p")));
  ASSERT_TRUE(comes_to_run(two(), "p", "one"));
  members_.script("two").fail("p", "no such file");
  ASSERT_TRUE(one().apply(pipeline_text("p", "two")));
  EXPECT_TRUE(eventually([&] { return two().state("p") == "failed"; }));
  const Json status = two()->status("p").value();
  EXPECT_THAT(status.value("error", ""), HasSubstr("no such file"));
  EXPECT_EQ(status["filters"]["f"]["codeHash"], "one") << "what runs";
  EXPECT_EQ(two().text("p"), "two") << "what is wanted";
  EXPECT_THAT(two()->troubles(), ::testing::ElementsAre(HasSubstr("runs with its former spec")));
  EXPECT_THAT(two()->troubles(), ::testing::ElementsAre(HasSubstr("no such file")));
  members_.script("two").fail("p", "");
  EXPECT_TRUE(comes_to_run(two(), "p", "two"));
  EXPECT_EQ(two()->status("p")->at("filters").at("f")["codeHash"], "two");
}

TEST_F(ControllerMembersTest, AMemberThatStartsLaterHasEverything) {
  ASSERT_TRUE(one().apply(pipeline_text("p")));
  Process& three = members_.start("three");
  EXPECT_TRUE(comes_to_run(three, "p", "one"));
  ASSERT_TRUE(three.apply(pipeline_text("p", "three")));
  EXPECT_TRUE(comes_to_run(one(), "p", "three"));
  EXPECT_TRUE(comes_to_run(two(), "p", "three"));
}

TEST_F(ControllerMembersTest, AMemberThatIsFarBehindReadsAnew) {
  ASSERT_TRUE(one().apply(pipeline_text("p") + pipeline_text("q")));
  ASSERT_TRUE(comes_to_run(two(), "q", "one"));
  members_.shared().forget_news();
  ASSERT_TRUE(one().apply(pipeline_text("p", "two")));
  ASSERT_TRUE(one()->remove("q"));
  EXPECT_TRUE(comes_to_run(two(), "p", "two"));
  EXPECT_TRUE(eventually([&] { return !two()->get("q"); }));
}

// Each change is made, none is lost, and the number counts all of them.
TEST_F(ControllerMembersTest, MembersThatChangeAtTheSameTimeAgree) {
  constexpr int kRounds = 10;
  std::vector<std::thread> threads;
  for (Process* member : {&one(), &two()}) {
    threads.emplace_back([this, member] {
      const std::string own = member == &one() ? "of-one" : "of-two";
      for (int i = 0; i < kRounds; ++i) {
        const std::string text = own + std::to_string(i);
        const auto applied = member->apply(pipeline_text(own, text) + pipeline_text("both", text));
        EXPECT_TRUE(applied || applied.error().kind == ErrorKind::conflict)
            << applied.error().message;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto agree = [&] {
    return one()->list() == two()->list() && one()->config_version() == two()->config_version() &&
           one().state("both") == "running" && two().state("both") == "running";
  };
  EXPECT_TRUE(eventually(agree));
  EXPECT_EQ(one()->list().size(), 3U);
}

TEST_F(ControllerMembersTest, ANameThatAnotherMemberHasTakenIsAConflict) {
  members_.script("two").hold("p");
  std::string error;
  std::thread late([&] { error = two().error(pipeline_text("p", "late"), ApplyMode::create); });
  members_.script("two").wait_for_build("p");
  ASSERT_TRUE(one().apply(pipeline_text("p", "first"), ApplyMode::create));
  members_.script("two").release("p");
  late.join();
  EXPECT_THAT(error, HasSubstr("conflict name: p"));
  EXPECT_TRUE(comes_to_run(two(), "p", "first"));
}

// Both have built, and the first to commit wins. The second is built again on what it finds.
TEST_F(ControllerMembersTest, AnApplyThatWasOvertakenComesAfter) {
  ASSERT_TRUE(one().apply(pipeline_text("p")));
  ASSERT_TRUE(comes_to_run(two(), "p", "one"));
  members_.script("two").hold("p");
  std::string error = "none yet";
  std::thread late([&] { error = two().error(pipeline_text("p", "late")); });
  members_.script("two").wait_for_build("p");
  ASSERT_TRUE(one().apply(pipeline_text("p", "early")));
  members_.script("two").release("p");
  late.join();
  EXPECT_EQ(error, "");
  EXPECT_TRUE(comes_to_run(one(), "p", "late"));
  EXPECT_EQ(two().text("p"), "late");
}

TEST_F(ControllerMembersTest, TwoServersOnOnePortAreRefusedAcrossMembers) {
  const int port = free_port();
  ASSERT_TRUE(one().apply(http_server_text("a", port, "p")));
  EXPECT_THAT(two().error(http_server_text("b", port, "p")), HasSubstr("is used by HTTPServer a"));
}

}  // namespace
}  // namespace sluice::control
