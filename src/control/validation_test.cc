// SPDX-License-Identifier: Apache-2.0
#include "control/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/testing/process.h"

namespace sluice::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;  // control's

class ValidationTest : public ::testing::Test {
 protected:
  Result<std::vector<Step>> check(const std::string& text, ApplyMode mode = ApplyMode::apply) {
    return validate(objects_in(text).value(), mode, {builder_, objects_});
  }
  std::vector<std::string> faults(const std::string& text, ApplyMode mode = ApplyMode::apply) {
    const auto steps = check(text, mode);
    if (steps) return {};
    return steps.error().details.empty() ? std::vector{steps.error().message}
                                         : steps.error().details;
  }
  // Of the document at `index`.
  std::vector<std::string> warnings(const std::string& text, std::size_t index = 0) {
    const auto steps = check(text);
    EXPECT_TRUE(steps) << steps.error().message;
    return steps ? steps->at(index).applied.warnings : std::vector<std::string>{};
  }
  void put_in_force(const std::string& text) {
    const auto steps = check(text);
    ASSERT_TRUE(steps) << steps.error().message;
    for (const Step& step : *steps) objects_[step.proposed.object->name] = step.proposed.object;
  }

  Script script_;
  const ObjectBuilder builder_{all_kinds(), scripted_kinds(script_), kCores};
  Objects objects_;
};

TEST_F(ValidationTest, NamesEveryFaultWithItsDocument) {
  EXPECT_THAT(faults(pipeline_text("p")), IsEmpty());
  EXPECT_THAT(faults("{kind: Pipeline, name: p}\n" + pipeline_text("q") + "---\n{name: r}\n"),
              ElementsAre(HasSubstr("document 1, filters: is required"),
                          HasSubstr("document 3, kind: is required")));
  EXPECT_FALSE(validate({}, ApplyMode::apply, {builder_}));
  EXPECT_FALSE(objects_in("---\n---\n"));
}

TEST_F(ValidationTest, FindsTwoServersOnOnePort) {
  EXPECT_THAT(
      faults(pipeline_text("p") + http_server_text("s", 81, "p") + http_server_text("t", 82, "p")),
      IsEmpty());
  EXPECT_THAT(faults(http_server_text("s", 81, "p") + http_server_text("t", 81, "p")),
              ElementsAre("document 1, port: 81 is used by HTTPServer t",
                          "document 2, port: 81 is used by HTTPServer s"));
  put_in_force(http_server_text("s", 81, "p"));
  EXPECT_THAT(faults(http_server_text("t", 81, "p")),
              ElementsAre("port: 81 is used by HTTPServer s"));
}

TEST_F(ValidationTest, TheModeDecidesAboutWhatIsThere) {
  put_in_force(pipeline_text("p"));
  EXPECT_THAT(faults(pipeline_text("p"), ApplyMode::create), ElementsAre(HasSubstr("conflict")));
  EXPECT_THAT(faults(pipeline_text("q"), ApplyMode::update), ElementsAre("not found: q"));
  const auto steps = check(pipeline_text("p") + pipeline_text("q"));
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->at(0).applied.change, Change::unchanged);
  EXPECT_EQ(steps->at(1).applied.change, Change::created);
  EXPECT_EQ(check(pipeline_text("p", "two"))->at(0).applied.change, Change::updated);
}

TEST_F(ValidationTest, WarnsOfAPipelineThatIsNotThere) {
  EXPECT_THAT(warnings(http_server_text("s", 81, "p")),
              ElementsAre("rules[0].paths[0].backend: there is no Pipeline p: until there is one, "
                          "clients get 503"));
  EXPECT_THAT(warnings(http_server_text("s", 81, "p") + pipeline_text("p")), IsEmpty())
      << "it comes with the same apply";
  put_in_force(pipeline_text("p"));
  EXPECT_THAT(warnings(http_server_text("s", 81, "p")), IsEmpty()) << "it is there";
  EXPECT_THAT(warnings(http_server_text("s", 81, "t") + http_server_text("t", 82, "p")),
              ElementsAre("rules[0].paths[0].backend: t is of kind HTTPServer, not Pipeline: "
                          "clients get 503"));
}

TEST_F(ValidationTest, WarnsOfAGlobalFilterThatIsNotThere) {
  const std::string server = "---\n{kind: HTTPServer, name: s, port: 81, globalFilter: g}\n";
  EXPECT_THAT(warnings(server),
              ElementsAre("globalFilter: there is no GlobalFilter g: until there is one, clients "
                          "get 503"));
  put_in_force(pipeline_text("g"));
  EXPECT_THAT(
      warnings(server),
      ElementsAre("globalFilter: g is of kind Pipeline, not GlobalFilter: clients get 503"));
}

TEST_F(ValidationTest, KnowsTheUsersOfAnObject) {
  put_in_force(pipeline_text("p") + pipeline_text("q") + http_server_text("s", 81, "p"));
  const auto users = users_of(*objects_["p"], objects_);
  ASSERT_THAT(users, SizeIs(1));
  EXPECT_EQ(users[0].kind + " " + users[0].name, "HTTPServer s");
  EXPECT_EQ(users[0].path, "rules[0].paths[0].backend");
  EXPECT_THAT(users_of(*objects_["q"], objects_), IsEmpty());
  EXPECT_THAT(users_of(*objects_["s"], objects_), IsEmpty());
}

TEST_F(ValidationTest, ARedactedSecretNeedsAStoredOne) {
  EXPECT_THAT(faults("{kind: HTTPServer, name: s, port: 81, https: true, certBase64: YQ==, "
                     "keyBase64: <redacted>}"),
              ElementsAre(HasSubstr("keyBase64: says \"<redacted>\"")));
}

}  // namespace
}  // namespace sluice::control
