// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/checking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::egctl::nginx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CheckingTest : public ::testing::Test {
 protected:
  void add(const std::string& object, unsigned line) {
    directives_.push_back(
        std::make_unique<Directive>(Directive{.name = "location", .file = file_, .line = line}));
    made_.objects.push_back(Json::parse(object));
    made_.places.push_back(directives_.back().get());
  }

  std::shared_ptr<const std::string> file_ = std::make_shared<const std::string>("a.conf");
  std::vector<std::unique_ptr<Directive>> directives_;
  Conversion made_;
};

TEST_F(CheckingTest, ARefusedPipelineAnswers503) {
  add(R"({"kind": "Pipeline", "name": "a", "filters": [{"name": "m", "kind": "Mock", "rules": 1}]})",
      3);
  add(R"({"kind": "HTTPServer", "name": "s", "port": 80,
          "rules": [{"paths": [{"pathPrefix": "/", "backend": "a"}]}]})",
      1);
  EXPECT_TRUE(check(made_));
  EXPECT_EQ(made_.objects[0]["filters"][0]["rules"][0]["code"], 503);
  EXPECT_THAT(made_.notes.lines(), ElementsAre(HasSubstr("a.conf:3: location: filters[0].rules")));
}

TEST_F(CheckingTest, ARefusedServerIsAnError) {
  add(R"({"kind": "HTTPServer", "name": "s", "port": 0})", 1);
  const auto checked = check(made_);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().details, ElementsAre(HasSubstr("a.conf:1: location: port")));
}

}  // namespace
}  // namespace sluice::egctl::nginx
