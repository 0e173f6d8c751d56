// SPDX-License-Identifier: Apache-2.0
#include "egctl/field_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "egctl/catalog.h"

namespace sluice::egctl {
namespace {

using ::testing::HasSubstr;

class FieldPathTest : public ::testing::Test {
 protected:
  ExplainedField field(const std::string& path) {
    const auto found = explain_path(schemas_, path);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(ExplainedField());
  }
  std::string error(const std::string& path) {
    const auto found = explain_path(schemas_, path);
    return found ? "" : found.error().message;
  }
  const Catalog catalog_ = Catalog::open(Catalog::Use::describe).value();
  const control::Schemas schemas_ = catalog_.schemas();
};

TEST_F(FieldPathTest, LeadsThroughListsAndKinds) {
  const ExplainedField timeout = field("pipeline.filters.WasmHost.timeout");
  EXPECT_EQ(timeout.path, "Pipeline.filters.WasmHost.timeout");
  EXPECT_EQ(timeout.type, "duration");
  EXPECT_THAT(timeout.bounds, HasSubstr("1ms"));
  EXPECT_FALSE(timeout.fallback.empty());
  EXPECT_FALSE(timeout.about.empty());
  EXPECT_EQ(field("wasmhost.timeout").about, timeout.about) << "a filter begins a path, too";
  EXPECT_EQ(field("hs.rules.paths.backend").type, "name") << "so does an alias";
  EXPECT_EQ(field("hs.port").fallback, "required");
}

TEST_F(FieldPathTest, LeadsIntoWhatAnotherKindDescribes) {
  EXPECT_EQ(field("HTTPServer.rules.paths.backendPool.timeout").type, "duration");
  EXPECT_EQ(field("GlobalFilter.beforePipeline.filters.Mock.rules.code").bounds,
            field("Mock.rules.code").bounds);
  EXPECT_EQ(field("Pipeline.resilience.Retry.maxAttempts").fallback, "3");
}

TEST_F(FieldPathTest, AKindHasItsFields) {
  const ExplainedField mock = field("Mock");
  EXPECT_FALSE(mock.about.empty());
  ASSERT_FALSE(mock.fields.empty());
  for (const ExplainedField& each : mock.fields) EXPECT_FALSE(each.type.empty()) << each.path;
  EXPECT_THAT(field("pipeline.filters").bounds, HasSubstr("WasmHost"));
}

TEST_F(FieldPathTest, SaysWhatIsThereInstead) {
  EXPECT_THAT(error("pipelin"), HasSubstr("did you mean \"Pipeline\"?"));
  EXPECT_THAT(error("pipeline.filters.WasmHost.timeot"), HasSubstr("did you mean \"timeout\"?"));
  EXPECT_THAT(error("pipeline.filters.Wasm"), HasSubstr("WasmHost"));
  EXPECT_THAT(error("hs.port.number"), HasSubstr("it has no fields"));
}

// A field without a sentence is one that nobody can look up.
TEST_F(FieldPathTest, EveryFieldHasASentence) {
  std::vector<std::pair<std::string, Json>> todo;
  for (const auto& [kind, schema] : schemas_.definitions().items()) todo.emplace_back(kind, schema);
  while (!todo.empty()) {
    const auto [path, schema] = todo.back();
    todo.pop_back();
    for (const char* inner : {"items", "additionalProperties"}) {
      if (schema.contains(inner) && schema[inner].is_object())
        todo.emplace_back(path, schema[inner]);
    }
    const Json fields = schema.value("properties", Json::object());
    for (const auto& [name, field] : fields.items()) {
      EXPECT_FALSE(field.value("description", "").empty() && name != "createdAt")
          << path << "." << name;
      todo.emplace_back(path + "." + name, field);
    }
  }
}

}  // namespace
}  // namespace sluice::egctl
