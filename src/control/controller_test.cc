// SPDX-License-Identifier: Apache-2.0
// The whole controller on real cores, real sockets and a real store, with scripted filters.
#include "control/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/url_credentials.h"
#include "control/testing/process.h"

namespace sluice::control {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // control's
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ControllerTest : public ::testing::Test {
 protected:
  ControllerTest() { begin(); }
  void begin(ObjectKinds kinds = all_kinds()) {
    process_.reset();
    process_.emplace(folder_.path(), script_, std::move(kinds));
    EXPECT_TRUE((*process_)->start());
  }
  // Starts the process anew. Returns while its start builds `name`, which waits for release().
  auto restart_building(const std::string& name) {
    script_.hold(name);
    process_.reset();
    process_.emplace(folder_.path(), script_);
    auto started = std::async(std::launch::async, [this] { return (*process_)->start(); });
    script_.wait_for_build(name);
    return started;
  }
  Process& process() { return *process_; }
  Controller& controller() { return **process_; }

  Folder folder_;
  Script script_;
  std::optional<Process> process_;
};

TEST_F(ControllerTest, WhatIsAppliedRunsAndComesBackAfterARestart) {
  const auto applied =
      process().apply(pipeline_text("p") + http_server_text("s", free_port(), "p"));
  ASSERT_TRUE(applied) << applied.error().message;
  ASSERT_EQ(applied->size(), 2U);
  EXPECT_EQ(applied->at(0).change, Change::created);
  EXPECT_EQ(applied->at(1).kind, "HTTPServer");
  EXPECT_THAT(applied->at(1).warnings, IsEmpty());
  EXPECT_EQ(controller().config_version(), 1U) << "one change, whatever it holds";
  EXPECT_EQ(process().state("p") + process().state("s"), "runningrunning");
  const auto before = controller().list();
  begin();
  EXPECT_EQ(controller().list(), before);
  EXPECT_EQ(controller().config_version(), 1U);
  EXPECT_EQ(process().state("p") + process().state("s"), "runningrunning");
  EXPECT_EQ(script_.seen().back().pin, "one");
}

TEST_F(ControllerTest, TheSameAgainIsNoChange) {
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  const Json before = *controller().get("p");
  const auto again = process().apply(pipeline_text("p"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->at(0).change, Change::unchanged);
  EXPECT_EQ(controller().config_version(), 1U);
  EXPECT_EQ(*controller().get("p"), before);
  EXPECT_EQ(process().apply(pipeline_text("p", "two"))->at(0).change, Change::updated);
  EXPECT_EQ(controller().config_version(), 2U);
}

TEST_F(ControllerTest, ModesAskForWhatIsThere) {
  EXPECT_THAT(process().error(pipeline_text("p"), ApplyMode::update), HasSubstr("not found: p"));
  EXPECT_EQ(process().error(pipeline_text("p"), ApplyMode::create), "");
  EXPECT_THAT(process().error(pipeline_text("p"), ApplyMode::create),
              HasSubstr("conflict name: p"));
  EXPECT_EQ(process().error(pipeline_text("p", "two"), ApplyMode::update), "");
  EXPECT_THAT(process().error(http_server_text("p", free_port(), "p")),
              HasSubstr("different kinds"));
  EXPECT_THAT(process().error("{name: p, kind: Pipe}"), HasSubstr("kind \"Pipe\" not found"));
  EXPECT_EQ(process().text("p"), "two");
}

TEST_F(ControllerTest, ABuildThatFailsChangesNothing) {
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  const auto before = controller().list();
  script_.fail("p", "cannot be had");
  EXPECT_THAT(process().error(pipeline_text("p", "two")),
              HasSubstr("filters[0].text: cannot be had"));
  // One of two documents fails, so neither is applied.
  const std::string message = process().error(pipeline_text("q") + pipeline_text("p", "two"));
  EXPECT_THAT(message, HasSubstr("document 2, filters[0].text: cannot be had"));
  EXPECT_THAT(process().error(pipeline_text("q") + pipeline_text("q")),
              HasSubstr("\"q\" is given twice"));
  EXPECT_THAT(process().error("[]"), HasSubstr("must be a map"));
  EXPECT_FALSE(controller().apply({}, ApplyMode::apply));
  EXPECT_EQ(controller().list(), before);
  EXPECT_EQ(controller().config_version(), 1U);
  script_.fail("p", "");
  begin();
  EXPECT_EQ(controller().list(), before);
}

TEST_F(ControllerTest, APreviewChangesNothing) {
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  const auto before = controller().list();
  const auto preview = [&](const std::string& text, ApplyMode mode = ApplyMode::apply) {
    return controller().preview(config::parse_documents(text).value(), mode);
  };
  const int port = free_port();
  const auto seen = preview(pipeline_text("p", "two") + http_server_text("s", port, "q"));
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->at(0).applied.change, Change::updated);
  EXPECT_EQ(seen->at(0).before["filters"][0]["text"], "one");
  EXPECT_EQ(seen->at(0).spec["filters"][0]["text"], "two");
  EXPECT_FALSE(seen->at(0).spec.contains("createdAt"));
  EXPECT_EQ(seen->at(1).applied.change, Change::created);
  EXPECT_EQ(seen->at(1).before, Json());
  EXPECT_THAT(seen->at(1).applied.warnings, ElementsAre(HasSubstr("there is no Pipeline q")));
  EXPECT_EQ(preview(pipeline_text("p"))->at(0).applied.change, Change::unchanged);
  EXPECT_FALSE(preview(pipeline_text("p"), ApplyMode::create));
  EXPECT_FALSE(preview("{kind: Pipeline, name: q}"));
  EXPECT_FALSE(preview(http_server_text("s", port, "p") + http_server_text("t", port, "p")));
  EXPECT_EQ(controller().list(), before);
  EXPECT_EQ(controller().config_version(), 1U);
}

TEST_F(ControllerTest, AWarningEndsWithItsCause) {
  ASSERT_TRUE(process().apply(http_server_text("s", free_port(), "p")));
  const auto warnings = [&] { return controller().status("s")->value("warnings", Json()); };
  EXPECT_THAT(warnings().dump(), HasSubstr("there is no Pipeline p"));
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  EXPECT_EQ(warnings(), Json());
  const auto users = controller().remove("p");
  ASSERT_TRUE(users);
  EXPECT_EQ(users->size(), 1U) << "it was in use";
  EXPECT_THAT(warnings().dump(), HasSubstr("there is no Pipeline p"));
  EXPECT_TRUE(controller().remove("s")->empty());
}

TEST_F(ControllerTest, AWarningStandsBesideTheSuccess) {
  const auto warnings = [&](const std::string& text) {
    const auto applied = process().apply(text);
    EXPECT_TRUE(applied);
    return applied ? applied->at(0).warnings : std::vector<std::string>{};
  };
  const auto kept = [&] { return controller().status("p")->value("warnings", Json()); };
  script_.warn("p", "is odd");
  EXPECT_THAT(warnings(pipeline_text("p")), ElementsAre("filters[0].text: is odd"));
  EXPECT_EQ(kept(), Json{"filters[0].text: is odd"});
  EXPECT_THAT(warnings(pipeline_text("p")), ElementsAre("filters[0].text: is odd")) << "unchanged";
  EXPECT_EQ(process().state("p"), "running");
  begin();
  EXPECT_EQ(kept(), Json{"filters[0].text: is odd"}) << "it is as odd as before";
  script_.warn("p", "");
  EXPECT_THAT(warnings(pipeline_text("p")), IsEmpty());
  EXPECT_EQ(kept(), Json()) << "none of an earlier apply is left";
  EXPECT_EQ(controller().config_version(), 1U);
}

// One line for each cause, of all documents.
TEST_F(ControllerTest, EveryDocumentIsLookedAt) {
  ASSERT_TRUE(process().apply(pipeline_text("p") + pipeline_text("q")));
  const auto refusal = [&](const std::string& text, ApplyMode mode) {
    const auto applied = process().apply(text, mode);
    EXPECT_FALSE(applied);
    return applied ? Error{} : applied.error();
  };
  const std::string three = pipeline_text("p") + pipeline_text("r") + pipeline_text("q");
  EXPECT_EQ(refusal(three, ApplyMode::create).message,
            "conflict name: p, q; `egctl apply` changes what is there");
  const std::string two = pipeline_text("r") + pipeline_text("s");
  EXPECT_EQ(refusal(two, ApplyMode::update).message, "not found: r, s");
  EXPECT_EQ(refusal(two, ApplyMode::update).kind, ErrorKind::not_found);
  EXPECT_THAT(refusal("---\n{name: p, kind: HTTPServer, port: 1}\n---\n{name: r, kind: Pipe}\n"
                      "---\n{kind: MQTTProxy}\n",
                      ApplyMode::apply)
                  .details,
              ElementsAre(HasSubstr("document 1, kind: different kinds: p is of kind Pipeline"),
                          HasSubstr("document 2, kind: kind \"Pipe\" not found"),
                          "document 3, name: is required",
                          "document 3, kind: MQTTProxy is not there: Sluice speaks HTTP only"));
}

TEST_F(ControllerTest, AStoreThatRefusesChangesNothing) {
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  const std::string file = folder_.path() + "/sluice.db";
  std::filesystem::rename(file, file + ".away");
  std::atomic<int> made{0};
  script_.on_instantiate([&made] { ++made; });
  EXPECT_NE(process().error(pipeline_text("p", "two")), "");
  EXPECT_FALSE(controller().remove("p"));
  EXPECT_FALSE(controller().remove_all());
  EXPECT_EQ(made, 0);
  EXPECT_EQ(process().text("p"), "one");
  EXPECT_EQ(controller().config_version(), 1U);
  EXPECT_TRUE(eventually([&] { return controller().health().find(file) != std::string::npos; }));
  std::filesystem::rename(file + ".away", file);
  EXPECT_TRUE(eventually([&] { return process().apply(pipeline_text("p", "three")).has_value(); }));
  EXPECT_EQ(process().text("p"), "three");
  EXPECT_EQ(script_.seen().back().previous, "one")
      << "no trace of a generation that was not stored";
}

TEST_F(ControllerTest, AnObjectThatWasDeletedStartsAnew) {
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  ASSERT_TRUE(process().apply(pipeline_text("q")));
  ASSERT_TRUE(controller().remove("p"));
  ASSERT_TRUE(process().apply(pipeline_text("p", "two")));
  EXPECT_EQ(script_.seen().back().previous, "");
  ASSERT_TRUE(process().apply(pipeline_text("q", "two")));
  EXPECT_EQ(script_.seen().back().previous, "one") << "the others go on";
}

TEST_F(ControllerTest, StoredFirstThenPublishedAndInForceOnReturn) {
  std::atomic<int> made{0};
  std::atomic<int> stored{0};
  script_.on_instantiate([&] {
    ++made;
    if (!process().store().documents("objects")->entries.empty()) ++stored;
  });
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  EXPECT_EQ(made, kCores) << "on every core when apply() returns";
  EXPECT_EQ(stored, kCores);
  script_.on_instantiate(nullptr);
}

TEST_F(ControllerTest, TwoChangesOfOneObjectComeInTurnOthersGoOn) {
  script_.hold("p");
  auto first = std::async(std::launch::async, [&] { return process().apply(pipeline_text("p")); });
  script_.wait_for_build("p");
  auto second =
      std::async(std::launch::async, [&] { return process().apply(pipeline_text("p", "two")); });
  EXPECT_EQ(second.wait_for(50ms), std::future_status::timeout);
  EXPECT_EQ(process().error(pipeline_text("q")), "");
  EXPECT_EQ(process().state("p"), "not found: p");
  script_.release("p");
  EXPECT_EQ(first.get()->at(0).change, Change::created);
  EXPECT_EQ(second.get()->at(0).change, Change::updated);
  EXPECT_EQ(process().text("p"), "two");
  EXPECT_EQ(script_.seen().back().previous, "one");
}

TEST_F(ControllerTest, TwoServersCannotHaveOnePort) {
  const int port = free_port();
  ASSERT_TRUE(process().apply(http_server_text("s", port, "p", "address: 127.0.0.1")));
  const std::string taken = "port: " + std::to_string(port) + " is used by HTTPServer s";
  EXPECT_THAT(process().error(http_server_text("t", port, "p")), HasSubstr(taken));
  EXPECT_THAT(process().error(http_server_text("t", port, "p", "address: 127.0.0.1")),
              HasSubstr(taken));
  EXPECT_THAT(process().error(pipeline_text("p") + http_server_text("t", port, "p")),
              HasSubstr("document 2, port: "));
  EXPECT_EQ(process().error(http_server_text("t", port, "p", "address: 127.0.0.2")), "");
  EXPECT_EQ(process().error(http_server_text("s", port, "q", "address: 127.0.0.1")), "")
      << "its own";
  // Two documents in one change.
  const int other = free_port();
  EXPECT_THAT(
      process().error(http_server_text("u", other, "p") + http_server_text("v", other, "p")),
      HasSubstr("is used by HTTPServer"));
}

TEST_F(ControllerTest, TwoServersSwapTheirPortsInOneChange) {
  const int a = free_port();
  const int b = free_port();
  ASSERT_TRUE(process().apply(pipeline_text("p") + http_server_text("s", a, "p") +
                              http_server_text("t", b, "p")));
  const auto swapped =
      process().apply(http_server_text("s", b, "p") + http_server_text("t", a, "p"));
  ASSERT_TRUE(swapped) << swapped.error().message;
  EXPECT_THAT(swapped->at(0).warnings, IsEmpty());
  EXPECT_THAT(swapped->at(1).warnings, IsEmpty());
  EXPECT_EQ(process().state("s") + process().state("t"), "runningrunning");
}

TEST_F(ControllerTest, APortThatIsTakenIsAWarningAndTriedAgain) {
  auto taken = std::make_optional(net::Listener::open("", 0));
  const auto applied =
      process().apply(pipeline_text("p") + http_server_text("s", (*taken)->port(), "p"));
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_THAT(applied->at(1).warnings, ElementsAre(HasSubstr("taken by another process")));
  EXPECT_EQ(process().state("s"), "failed");
  EXPECT_THAT(controller().status("s")->value("error", ""), HasSubstr("taken"));
  EXPECT_THAT(controller().troubles(), ElementsAre(HasSubstr("HTTPServer s does not listen: ")));
  EXPECT_EQ(controller().health(), "") << "the process is well";
  taken.reset();
  EXPECT_TRUE(eventually([&] { return process().state("s") == "running"; }));
  EXPECT_THAT(controller().troubles(), ElementsAre());
}

TEST_F(ControllerTest, AnObjectInUseMayGoAndIsMissed) {
  ASSERT_TRUE(process().apply(pipeline_text("p") + http_server_text("s", free_port(), "p")));
  EXPECT_THAT(controller().troubles(), ElementsAre());
  ASSERT_TRUE(controller().remove("p"));
  EXPECT_EQ(controller().config_version(), 2U);
  EXPECT_THAT(controller().troubles(), ElementsAre("HTTPServer s: there is no Pipeline p"));
  EXPECT_EQ(process().state("s"), "running");
  EXPECT_THAT(controller().remove("p").error().message, HasSubstr("not found: p"));
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  EXPECT_THAT(controller().troubles(), ElementsAre());
  // An object of another kind with that name does not help.
  ASSERT_TRUE(process().apply(http_server_text("t", free_port(), "s")));
  EXPECT_THAT(controller().troubles(), ElementsAre("HTTPServer t: there is no Pipeline s"));
  EXPECT_EQ(controller().remove_all().value(), 3U);
  EXPECT_TRUE(controller().list().empty());
  EXPECT_EQ(controller().remove_all().value(), 0U);
  begin();
  EXPECT_TRUE(controller().list().empty());
}

TEST_F(ControllerTest, AStoredObjectThatCannotBeBuiltIsTriedAgain) {
  ASSERT_TRUE(process().apply(pipeline_text("p") + pipeline_text("q")));
  script_.fail("p", "is gone");
  begin();
  EXPECT_EQ(process().state("p"), "failed");
  EXPECT_THAT(controller().status("p")->value("error", ""), HasSubstr("is gone"));
  EXPECT_THAT(controller().troubles(), ElementsAre(HasSubstr("Pipeline p does not run: ")));
  EXPECT_EQ(process().state("q"), "running") << "the others do";
  EXPECT_EQ(process().text("p"), "one") << "what is wanted can be read";
  script_.fail("p", "is gone, and more");
  EXPECT_TRUE(eventually([&] {
    return controller().status("p")->value("error", "").ends_with("is gone, and more");
  })) << "the reason is the newest";
  script_.fail("p", "");
  EXPECT_TRUE(eventually([&] { return process().state("p") == "running"; }));
  EXPECT_EQ(controller().config_version(), 1U) << "nobody has changed anything";
}

TEST_F(ControllerTest, AStartWaitsForNoSlowObjectAndItsServerStaysClosed) {
  const int port = free_port();
  ASSERT_TRUE(
      process().apply(pipeline_text("p") + pipeline_text("q") + http_server_text("s", port, "p")));
  auto started = restart_building("p");
  EXPECT_TRUE(eventually([&] { return process().state("q") == "running"; }));
  EXPECT_TRUE(eventually([&] { return process().state("s") == "running"; }));
  if (started.wait_for(0s) == std::future_status::timeout) {
    EXPECT_TRUE(net::Listener::probe("", static_cast<std::uint16_t>(port)));
  }
  ASSERT_TRUE(started.get());
  EXPECT_EQ(process().state("p"), "building");
  EXPECT_FALSE(net::Listener::probe("", static_cast<std::uint16_t>(port))) << "open all the same";
  script_.release("p");
  EXPECT_TRUE(eventually([&] { return process().state("p") == "running"; }));
}

TEST_F(ControllerTest, AChangeDoesNotWaitForARetryOfTheSameObject) {
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  auto started = restart_building("p");
  // The retry is asked to stop. The build that replaces it waits at the gate.
  auto applied =
      std::async(std::launch::async, [&] { return process().apply(pipeline_text("p", "two")); });
  EXPECT_TRUE(eventually([&] { return script_.seen().size() == 3; }));
  script_.release("p");
  ASSERT_TRUE(applied.get());
  ASSERT_TRUE(started.get());
  EXPECT_EQ(process().text("p"), "two");
}

// The same document as the stored one is a change if that one does not run.
TEST_F(ControllerTest, TheSameAgainRunsWhatDoesNotRun) {
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  auto started = restart_building("p");
  auto applied =
      std::async(std::launch::async, [&] { return process().apply(pipeline_text("p")); });
  EXPECT_TRUE(eventually([&] { return script_.seen().size() == 3; }));
  script_.release("p");
  const auto result = applied.get();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->at(0).change, Change::updated);
  EXPECT_EQ(process().state("p"), "running");
  ASSERT_TRUE(started.get());
}

TEST_F(ControllerTest, TheEndStopsWhatIsAtWorkAndRefusesTheRest) {
  script_.hold("p");
  auto applied =
      std::async(std::launch::async, [&] { return process().apply(pipeline_text("p")); });
  script_.wait_for_build("p");
  controller().end_changes();
  EXPECT_EQ(applied.get().error().kind, ErrorKind::unavailable);
  script_.release("p");
  EXPECT_THAT(process().error(pipeline_text("q")), HasSubstr("stopping"));
  EXPECT_EQ(controller().remove("q").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(controller().remove_all().error().kind, ErrorKind::unavailable);
  EXPECT_EQ(controller().config_version(), 0U);
}

TEST_F(ControllerTest, SecretsAreShownOnlyAsAWordAndComeBackFromIt) {
  const std::string with_key =
      "{name: p, kind: Pipeline, filters: [{name: f, kind: Scripted, key: hidden}]}";
  ASSERT_TRUE(process().apply(with_key));
  const Json shown = controller().without_secrets(*controller().get("p"));
  EXPECT_THAT(shown.dump(), ::testing::Not(HasSubstr("hidden")));
  EXPECT_EQ(shown["filters"][0]["key"], config::kRedacted);
  EXPECT_EQ(process().apply(shown.dump())->at(0).change, Change::unchanged);
  EXPECT_EQ((*controller().get("p"))["filters"][0]["key"], "hidden");
  Json other = shown;
  other["name"] = "q";
  EXPECT_THAT(process().error(other.dump()), HasSubstr(std::string(config::kRedacted)));
}

TEST_F(ControllerTest, CodeIsReloadedFilterByFilter) {
  ASSERT_TRUE(process().apply(pipeline_text("p") + http_server_text("s", free_port(), "p")));
  auto reloaded = controller().reload_code().value();
  ASSERT_EQ(reloaded.size(), 1U);
  EXPECT_EQ(reloaded[0].pipeline + "/" + reloaded[0].filter, "p/f");
  EXPECT_FALSE(reloaded[0].changed);
  script_.reload_finds("two");
  reloaded = controller().reload_code().value();
  EXPECT_TRUE(reloaded[0].changed);
  EXPECT_EQ(reloaded[0].code_hash, "two");
  EXPECT_EQ(process().text("p"), "one") << "the spec is the user's";
  script_.reload_finds("!no module");
  reloaded = controller().reload_code().value();
  EXPECT_EQ(reloaded[0].error, "no module");
  EXPECT_EQ(reloaded[0].code_hash, "two") << "the old one serves on";
  begin();
  EXPECT_EQ(script_.seen().back().pin, "two") << "the pins are stored";
  EXPECT_EQ(controller().config_version(), 1U);
}

TEST_F(ControllerTest, TheChangeAfterAReloadFindsTheReloadedState) {
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  script_.reload_finds("two");
  ASSERT_TRUE(controller().reload_code());
  script_.reload_finds("!no module");
  ASSERT_TRUE(controller().reload_code());
  ASSERT_TRUE(process().apply(pipeline_text("p", "three")));
  EXPECT_EQ(script_.seen().back().previous, "two");
}

TEST_F(ControllerTest, AReloadMayMendAPipelineThatDoesNotRun) {
  ASSERT_TRUE(process().apply(pipeline_text("p")));
  script_.fail("p", "is gone");
  begin();
  auto reloaded = controller().reload_code().value();
  ASSERT_EQ(reloaded.size(), 1U);
  EXPECT_THAT(reloaded[0].error, HasSubstr("the pipeline does not run: "));
  script_.fail("p", "");
  // The retry may have built the pipeline already; then the reload changes nothing.
  reloaded = controller().reload_code().value();
  EXPECT_EQ(reloaded[0].error, "");
  EXPECT_EQ(process().state("p"), "running");
}

TEST_F(ControllerTest, SharedDataIsFoundByPipelineAndFilter) {
  ASSERT_TRUE(process().apply(pipeline_text("p") + http_server_text("s", free_port(), "p")));
  EXPECT_EQ(controller().data_namespace("p", "f").value(), "p/f");
  EXPECT_THAT(controller().data_namespace("p", "g").error().message,
              HasSubstr("pipeline p has no WasmHost filter g"));
  for (const char* name : {"s", "absent"})
    EXPECT_THAT(controller().data_namespace(name, "f").error().message,
                HasSubstr(std::string("no pipeline ") + name));
  EXPECT_EQ(controller().stored_namespace("p", "f").value(), "p/f");
  EXPECT_FALSE(controller().stored_namespace("absent", "f"));
  ASSERT_TRUE(process().store().prepare("gone/f"));
  ASSERT_TRUE(process().store().apply("gone/f", {{"k", "v"}}));
  EXPECT_EQ(controller().stored_namespace("gone", "f").value(), "gone/f");
}

TEST_F(ControllerTest, DefaultsAndSchemasComeFromTheTable) {
  for (const ObjectKind& kind : controller().object_kinds()) {
    const auto spec = controller().default_spec(kind.kind, "fresh");
    ASSERT_TRUE(spec);
    EXPECT_EQ(spec->value("kind", "") + spec->value("name", ""), kind.kind + "fresh");
    EXPECT_FALSE(spec->contains("createdAt"));
    EXPECT_EQ(controller().object_schema(kind.kind).value(), kind.schema());
  }
  EXPECT_THAT(controller().default_spec("hs", "x").error().message, HasSubstr("\"hs\" not found"));
  EXPECT_FALSE(controller().object_schema("Function"));
}

}  // namespace
}  // namespace sluice::control
