// SPDX-License-Identifier: Apache-2.0
// Covers: swap.cc trials.cc changes_swap.cc announcement.cc
// A reload of code on all members.
#include "control/swap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "control/testing/members.h"

namespace sluice::control {
namespace {

using namespace testing;  // control's
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SwapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"one", "two", "three"}) members_.start(name);
    ASSERT_TRUE(members_.of("one").apply(pipeline_text("p") + pipeline_text("q")));
    ASSERT_TRUE(eventually([&] { return everywhere("p", "one") && everywhere("q", "one"); }));
  }
  // The code that the member runs.
  std::string code(const std::string& member, const std::string& pipeline) {
    const auto status = members_.of(member)->status(pipeline);
    return status ? status->at("filters").at("f").value("codeHash", "") : status.error().message;
  }
  bool everywhere(const std::string& pipeline, const std::string& text) {
    for (const char* name : {"one", "two", "three"}) {
      if (!members_.of(name)->get(pipeline) || members_.of(name).state(pipeline) != "running" ||
          code(name, pipeline) != text)
        return false;
    }
    return true;
  }
  // "member pipeline/filter error", for the refusals of a reload that `member` takes.
  std::vector<std::string> reload(const std::string& member, bool force = false) {
    return refusals(members_.of(member)->reload_code(force));
  }
  static std::vector<std::string> refusals(const Result<std::vector<Reloaded>>& reloaded) {
    if (!reloaded) return {reloaded.error().message};
    std::vector<std::string> lines;
    for (const Reloaded& one : *reloaded) {
      if (!one.error.empty())
        lines.push_back(one.member + " " + one.pipeline + "/" + one.filter + " " + one.error);
    }
    return lines;
  }
  // As a process of `member` that has announced a reload.
  void announce(const std::string& member, const std::string& incarnation) {
    Announcement announcement;
    announcement.id = "id";
    announcement.member = member;
    announcement.incarnation = incarnation;
    const std::vector<store::DocumentChange> change{{"reload", "now", announcement.encode(), {}}};
    ASSERT_TRUE(members_.shared().change(change));
  }
  std::size_t announcements() { return members_.shared().documents("reload")->entries.size(); }

  Members members_;
};

TEST_F(SwapTest, AllMembersSwap) {
  members_.script("one").reload_finds("two");
  EXPECT_THAT(reload("one"), IsEmpty());
  EXPECT_TRUE(everywhere("p", "two")) << "at once, on return";
  EXPECT_TRUE(everywhere("q", "two"));
  EXPECT_EQ(members_.of("two")->config_version(), 1U) << "no change by the user";
  EXPECT_EQ(announcements(), 0U);
  EXPECT_THAT(members_.shared().documents("pins")->entries[0].value, HasSubstr("two"));
  // The member that takes the reload reads the code, and all members run that code.
  members_.script("two").reload_finds("three");
  EXPECT_THAT(reload("two"), IsEmpty());
  EXPECT_TRUE(everywhere("p", "three"));
}

TEST_F(SwapTest, EachMemberBuildsOnce) {
  const std::size_t before = members_.script("two").seen().size();
  members_.script("one").reload_finds("two");
  EXPECT_THAT(reload("one"), IsEmpty());
  EXPECT_EQ(members_.script("two").seen().size(), before + 2) << "p and q, for the trial";
}

TEST_F(SwapTest, NobodySwapsIfOneRefuses) {
  members_.script("two").fail("p", "wasm_init: trap");
  members_.script("one").reload_finds("two");
  EXPECT_THAT(reload("one"), ElementsAre(HasSubstr("two p/f filters[0].text: wasm_init: trap")));
  for (const char* member : {"one", "two", "three"}) EXPECT_EQ(code(member, "p"), "one");
  EXPECT_TRUE(everywhere("p", "one"));
  EXPECT_TRUE(everywhere("q", "two")) << "the other pipeline does";
  EXPECT_EQ(announcements(), 0U);
}

TEST_F(SwapTest, ByForceTheAbleMembersSwap) {
  members_.script("two").fail("p", "wasm_init: trap");
  members_.script("one").reload_finds("two");
  EXPECT_THAT(reload("one", true), ElementsAre(HasSubstr("two p/f")));
  EXPECT_EQ(code("one", "p"), "two");
  EXPECT_TRUE(eventually([&] { return code("three", "p") == "two"; }));
  EXPECT_TRUE(eventually([&] { return members_.of("two").state("p") == "failed"; }));
  EXPECT_EQ(code("two", "p"), "one") << "it serves on";
  members_.script("two").fail("p", "");
  EXPECT_TRUE(eventually([&] { return everywhere("p", "two"); }));
}

TEST_F(SwapTest, ARefusalHereIsAsWithoutOthers) {
  members_.script("one").reload_finds("!no such file");
  EXPECT_THAT(reload("one"), ElementsAre(" p/f no such file", " q/f no such file"));
  EXPECT_TRUE(everywhere("p", "one"));
  members_.script("one").reload_finds("");
  EXPECT_THAT(reload("one"), IsEmpty());
}

TEST_F(SwapTest, AMemberThatLeavesHoldsUpNobodyAndIsNamed) {
  members_.script("three").hold("p");
  members_.script("one").reload_finds("two");
  Result<std::vector<Reloaded>> reloaded;
  std::thread reloading([&] { reloaded = members_.of("one")->reload_code(false); });
  members_.script("three").wait_for_build("p");
  members_.stop("three");
  reloading.join();
  EXPECT_THAT(refusals(reloaded), IsEmpty());
  EXPECT_EQ(code("two", "p"), "two");
  std::vector<std::string> warnings;
  for (const Reloaded& one : *reloaded) {
    if (!one.warning.empty()) warnings.push_back(one.member + " " + one.pipeline);
  }
  EXPECT_THAT(warnings, ElementsAre("three p", "three q"));
}

// While the others build, the user changes the pipeline.
TEST_F(SwapTest, AnApplyMeanwhileWins) {
  members_.script("three").hold("p");
  members_.script("one").reload_finds("two");
  std::vector<std::string> refused;
  std::thread reloading([&] { refused = reload("one"); });
  members_.script("three").wait_for_build("p");
  ASSERT_TRUE(members_.of("two").apply(pipeline_text("p", "applied")));
  members_.script("three").release("p");
  reloading.join();
  EXPECT_THAT(refused, ElementsAre(HasSubstr("changed")));
  EXPECT_TRUE(eventually([&] { return everywhere("p", "applied"); }));
  EXPECT_TRUE(everywhere("q", "two"));
}

TEST_F(SwapTest, OneReloadAtATime) {
  announce("two", "");
  ASSERT_TRUE(eventually([&] { return announcements() == 1; }));
  members_.script("one").reload_finds("two");
  EXPECT_THAT(reload("one"), ElementsAre(HasSubstr("reloads code at the moment")));
  EXPECT_TRUE(everywhere("p", "one"));
}

TEST_F(SwapTest, AnAnnouncementOfAMemberThatIsGoneIsReplaced) {
  announce("gone", "");
  members_.script("one").reload_finds("two");
  EXPECT_TRUE(eventually([&] { return reload("one").empty(); }));
  EXPECT_TRUE(everywhere("p", "two"));
  announce("two", "the process before");
  members_.script("one").reload_finds("three");
  EXPECT_TRUE(eventually([&] { return reload("one").empty(); }));
  EXPECT_TRUE(everywhere("p", "three"));
}

TEST_F(SwapTest, AnUploadGoesToAllMembers) {
  EXPECT_THAT(refusals(members_.of("two")->upload_code("p", "f", "uploaded")), IsEmpty());
  EXPECT_TRUE(everywhere("p", "uploaded"));
  EXPECT_TRUE(everywhere("q", "one"));
  EXPECT_THAT(refusals(members_.of("two")->upload_code("p", "g", "uploaded")),
              ElementsAre(HasSubstr("runs no filter g with code")));
}

TEST_F(SwapTest, AMemberThatStartsLaterRunsTheNewCode) {
  members_.script("one").reload_finds("two");
  ASSERT_THAT(reload("one"), IsEmpty());
  members_.stop("three");
  members_.start("three");
  EXPECT_TRUE(eventually([&] { return members_.script("three").seen().back().pin == "two"; }));
}

TEST(Announcement, ComesBackFromItsText) {
  Announcement made;
  made.id = "id";
  made.member = "one";
  made.incarnation = "1";
  made.objects["p"] = {7, {{"f", {{"sha256", "ab"}}}}};
  const auto back = Announcement::decode(made.encode(), 9);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id + back->member + back->incarnation, "idone1");
  EXPECT_FALSE(back->is_stale());
  EXPECT_EQ(back->version, 9U);
  EXPECT_EQ(back->objects.at("p").version, 7U);
  EXPECT_EQ(back->objects.at("p").pins, made.objects["p"].pins);
  for (const char* broken : {"", "{", "[]", "{}", R"({"objects": 1})", R"({"objects": {"p": 1}})"})
    EXPECT_FALSE(Announcement::decode(broken, 1)) << broken;
}

TEST(TrialOutcome, ComesBackFromItsText) {
  const TrialOutcome made{.id = "id", .refused = {{"p", "why"}}};
  const auto back = TrialOutcome::decode(made.encode());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, "id");
  EXPECT_EQ(back->refused, made.refused);
  for (const char* broken : {"", "[]", "{}"}) EXPECT_FALSE(TrialOutcome::decode(broken)) << broken;
}

}  // namespace
}  // namespace sluice::control
