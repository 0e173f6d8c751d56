// SPDX-License-Identifier: Apache-2.0
#include "control/object_kind.h"

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

// A kind that only this test knows: control works by the table of kinds alone.
class NotePrototype final : public ObjectPrototype {
 public:
  explicit NotePrototype(Json spec) : spec_(std::move(spec)) {}
  [[nodiscard]] Json spec() const override { return spec_; }
  void publish(const std::string&, server::Snapshot&) const override {}
  [[nodiscard]] Json status(const StatusContext&) const override { return {{"length", 4}}; }
  [[nodiscard]] Json pins() const override { return {{"seen", true}}; }
  [[nodiscard]] std::vector<std::string> notes() const override { return {"is a note"}; }
  [[nodiscard]] std::optional<Listening> listens() const override {
    return Listening{"", spec_.value("port", std::uint16_t{0})};
  }

 private:
  const Json spec_;
};

struct NoteSpec {
  std::string name;
  std::string kind;
  std::uint16_t port = 0;
  void fields(auto& visit) {
    visit("name", name, {.required = true});
    visit("kind", kind, {.required = true});
    visit("port", port, {.min = 1});
    visit.ignore("createdAt");
  }
};

ObjectKind note_kind() {
  return {.category = "Paper",
          .kind = "Note",
          .name = "note",
          .aliases = {"notes"},
          .schema = config::schema<NoteSpec>,
          .defaults = [] { return config::encode(NoteSpec{}); },
          .build = [](const config::Value& document, const BuildContext&,
                      config::Faults& faults) -> std::shared_ptr<const ObjectPrototype> {
            const auto spec = config::decode<NoteSpec>(document, "", faults);
            if (!faults.empty()) return nullptr;
            return std::make_shared<NotePrototype>(config::encode(spec));
          }};
}

TEST(ObjectKind, AnotherOneIsALineInTheTable) {
  const Folder folder;
  Script script;
  ObjectKinds kinds = all_kinds();
  kinds.push_back(note_kind());
  std::optional<Process> process(std::in_place, folder.path(), script, kinds);
  ASSERT_TRUE((*process)->start());
  const int port = free_port();
  const std::string note = "---\n{name: n, kind: Note, port: " + std::to_string(port) + "}\n";
  const auto applied = process->apply(note + pipeline_text("p"));
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_THAT(applied->at(0).warnings, ElementsAre("is a note"));
  EXPECT_EQ(process->state("n"), "running");
  EXPECT_EQ((*process)->status("n")->value("length", 0), 4);
  EXPECT_THAT((*process)->troubles(), ElementsAre("Note n: is a note"));
  EXPECT_FALSE(net::Listener::probe("", static_cast<std::uint16_t>(port))) << "its port is open";
  EXPECT_THAT(process->error(http_server_text("s", port, "p")), HasSubstr("is used by Note n"));
  EXPECT_THAT(process->error("{name: x}"),
              HasSubstr("(HTTPServer, Pipeline, GlobalFilter or Note)"));
  EXPECT_THAT(process->error("{name: x, kind: Note, prot: 1}"), HasSubstr("\"port\""));
  process.reset();
  process.emplace(folder.path(), script, kinds);
  ASSERT_TRUE((*process)->start());
  EXPECT_EQ(process->state("n"), "running");
  process.reset();
  process.emplace(folder.path(), script);
  ASSERT_TRUE((*process)->start());
  EXPECT_EQ(process->state("n"), "failed") << "a program that does not know the kind";
  ASSERT_TRUE((*process)->remove("n"));
}

}  // namespace
}  // namespace sluice::control
