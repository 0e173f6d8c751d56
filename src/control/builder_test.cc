// SPDX-License-Identifier: Apache-2.0
#include "control/builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/kinds/all.h"
#include "control/kinds/http_server.h"
#include "control/kinds/pipeline.h"
#include "control/testing/process.h"

namespace sluice::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace testing;  // control's

class BuilderTest : public ::testing::Test {
 protected:
  std::shared_ptr<Object> build(const std::string& text, const Background& background = {}) {
    faults_ = {};
    return builder_.build(config::parse_document(text).value(), background, faults_);
  }
  std::string faults() { return faults_.empty() ? "" : faults_.to_error().message; }
  // Only this object is in force from now on.
  void put_in_force(const Object& object) { states_.put_in_force({{object.name, object.states}}); }

  Script script_;
  pipeline::StateRegistry states_;
  const ObjectBuilder builder_{all_kinds(), scripted_kinds(script_), kCores, &states_};
  config::Faults faults_;
};

TEST_F(BuilderTest, EveryKindHasNamesOfItsOwnASchemaAndDefaultsThatNameIt) {
  std::set<std::string> words;
  for (const ObjectKind& kind : builder_.kinds()) {
    EXPECT_TRUE(words.insert(kind.kind).second);
    EXPECT_TRUE(words.insert(kind.name).second);
    for (const std::string& alias : kind.aliases) {
      EXPECT_TRUE(words.insert(alias).second) << alias;
      EXPECT_EQ(find_kind(builder_.kinds(), alias), &kind);
    }
    EXPECT_EQ(find_kind(builder_.kinds(), kind.kind), &kind);
    EXPECT_EQ(find_kind(builder_.kinds(), kind.name), &kind);
    EXPECT_FALSE(kind.category.empty());
    EXPECT_FALSE(kind.about.empty());
    const Json schema = kind.schema();
    const Json defaults = kind.defaults();
    for (const auto& [field, value] : defaults.items())
      EXPECT_TRUE(schema["properties"].contains(field)) << kind.kind << "." << field;
  }
  EXPECT_EQ(find_kind(builder_.kinds(), "function"), nullptr);
  EXPECT_EQ(find_kind(builder_.kinds(), ""), nullptr);
}

TEST_F(BuilderTest, ADocumentWithoutAKindIsToldTheKindsThereAre) {
  EXPECT_EQ(build("name: a"), nullptr);
  EXPECT_EQ(faults(), "kind: is required (HTTPServer, Pipeline or GlobalFilter)");
  EXPECT_EQ(build("{name: a, kind: Pipelin}"), nullptr);
  EXPECT_EQ(faults(),
            "kind: kind \"Pipelin\" not found, did you mean \"Pipeline\"? "
            "(kinds: HTTPServer, Pipeline, GlobalFilter)");
  EXPECT_EQ(build("{name: a, kind: pl}"), nullptr) << "an alias is for commands only";
  EXPECT_EQ(build("[a]"), nullptr);
  EXPECT_THAT(faults(), HasSubstr("must be a map with name and kind"));
}

TEST_F(BuilderTest, APipelineGetsWhatRanBefore) {
  states_.inherit(config::parse_document("{p: {f: {learnt: much}}}").value());
  const auto first = build(pipeline_text("p", "one"));
  ASSERT_TRUE(first) << faults();
  EXPECT_TRUE(is_pipeline(*first));
  EXPECT_EQ(first->pins, (Json{{"f", {{"text", "one"}, {"source", "one"}}}}));
  put_in_force(*first);
  const auto second = build(pipeline_text("p", "two"), {.pins = &first->pins});
  ASSERT_TRUE(second) << faults();
  // An object that has stopped running keeps its pins.
  states_.put_in_force({{"p", nullptr}});
  ASSERT_TRUE(build(pipeline_text("p", "three"), {.pins = &second->pins, .fresh = true}))
      << faults();
  const auto seen = script_.seen();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].previous + seen[0].pin, "");
  EXPECT_EQ(seen[0].knowledge, "much");
  EXPECT_EQ(seen[1].previous, "one");
  EXPECT_EQ(seen[1].pin, "one");
  EXPECT_EQ(seen[1].knowledge, "") << "that of this process is newer";
  EXPECT_EQ(seen[2].previous + seen[2].knowledge, "");
  EXPECT_EQ(seen[2].pin, "two");
  EXPECT_TRUE(seen[2].fresh && !seen[1].fresh);
}

TEST_F(BuilderTest, AnHttpServerKeepsItsStateThroughUpdates) {
  const auto state_of = [](const Object& object) {
    return dynamic_cast<const HttpServerObject&>(*object.prototype).server().counters.get();
  };
  const auto first = build(http_server_text("s", 80, "p"));
  ASSERT_TRUE(first) << faults();
  put_in_force(*first);
  const auto second = build(http_server_text("s", 81, "q"));
  ASSERT_TRUE(second) << faults();
  EXPECT_EQ(state_of(*first), state_of(*second));
  EXPECT_TRUE(build(pipeline_text("s"))) << "a Pipeline has no server state";
  const auto other = build(http_server_text("t", 81, "q"));
  EXPECT_NE(state_of(*first), state_of(*other));
  const auto before = build(pipeline_text("s"));
  put_in_force(*before);
  const auto anew = build(http_server_text("s", 80, "p"));
  ASSERT_TRUE(anew) << faults();
  EXPECT_NE(state_of(*first), state_of(*anew));
}

TEST_F(BuilderTest, AnHttpServerTakesTheTicketKeysOfTheProcessBefore) {
  const auto first = build(http_server_text("s", 80, "p"));
  ASSERT_TRUE(first) << faults();
  put_in_force(*first);
  const Json knowledge = states_.knowledge();
  states_.put_in_force({});
  const auto unlearnt = build(http_server_text("s", 80, "p"));
  put_in_force(*unlearnt);
  EXPECT_NE(states_.knowledge(), knowledge);
  states_.put_in_force({});
  states_.inherit(config::parse_document(knowledge.dump()).value());
  const auto next = build(http_server_text("s", 80, "p"));
  ASSERT_TRUE(next) << faults();
  put_in_force(*next);
  EXPECT_EQ(states_.knowledge(), knowledge);
  states_.put_in_force({});
  states_.inherit(config::parse_document("{s: {tickets: '?'}}").value());
  EXPECT_TRUE(build(http_server_text("s", 80, "p"))) << "a full handshake then";
}

TEST_F(BuilderTest, AnHttpServerSaysWhereItListensAndWhatItNeeds) {
  const auto server = build(
      "{name: s, kind: HTTPServer, port: 80, address: 127.0.0.1, rules: [{paths: [{path: /a, "
      "backend: p}, {path: /b, backend: q}]}, {paths: [{pathPrefix: /, backend: p}]}]}");
  ASSERT_TRUE(server) << faults();
  const auto place = server->prototype->listens();
  ASSERT_TRUE(place);
  EXPECT_EQ(place->port, 80);
  EXPECT_EQ(place->address, "127.0.0.1");
  EXPECT_THAT(server->prototype->pipelines(), ElementsAre("p", "q", "p"));
  const auto filters = build(pipeline_text("p"));
  EXPECT_FALSE(filters->prototype->listens());
  EXPECT_THAT(filters->prototype->pipelines(), ElementsAre());
}

TEST_F(BuilderTest, EachPublishesWhatTheCoresServe) {
  server::Snapshot next;
  build(pipeline_text("p"))->prototype->publish("p", next);
  build(http_server_text("s", 80, "p"))->prototype->publish("s", next);
  EXPECT_TRUE(next.pipelines.contains("p") && next.servers.contains("s"));
  EXPECT_EQ(next.pipelines.size() + next.servers.size(), 2U);
}

TEST_F(BuilderTest, AStoredObjectKeepsItsTime) {
  const auto built = build(pipeline_text("p"));
  built->spec["createdAt"] = "2026-01-01T00:00:00.000Z";
  faults_ = {};
  const auto again = builder_.build_stored(*built, {}, faults_);
  ASSERT_TRUE(again) << faults();
  EXPECT_EQ(again->spec, built->spec);
  EXPECT_TRUE(same_spec(*again, *build(pipeline_text("p"))));
  EXPECT_FALSE(same_spec(*again, *build(pipeline_text("p", "two"))));
  Object damaged = *built;
  damaged.spec = Json::parse("{", nullptr, false);
  EXPECT_EQ(builder_.build_stored(damaged, {}, faults_), nullptr);
  EXPECT_THAT(faults(), HasSubstr("must be a map"));
}

}  // namespace
}  // namespace sluice::control
