// SPDX-License-Identifier: Apache-2.0
#include "control/schemas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/builder.h"
#include "control/testing/process.h"

namespace sluice::control {
namespace {

using ::testing::HasSubstr;
using namespace testing;  // control's

class SchemasTest : public ::testing::Test {
 protected:
  Script script_;
  const ObjectBuilder builder_{all_kinds(), scripted_kinds(script_), kCores};
  const Schemas schemas_{builder_.kinds(), builder_.filters()};
  Json document(std::string_view word) { return schemas_.document(**schemas_.find(word)); }
};

TEST_F(SchemasTest, AKindIsFoundByEachOfItsNames) {
  for (const char* word : {"HTTPServer", "httpserver", "hs", "HS"})
    EXPECT_EQ((*schemas_.find(word))->kind, "HTTPServer") << word;
  EXPECT_EQ((*schemas_.find("retry"))->group, Schemas::Group::policy);
  EXPECT_EQ((*schemas_.find("gf"))->group, Schemas::Group::object);
  const auto absent = schemas_.find("Pipelin");
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().message, HasSubstr("did you mean \"Pipeline\"?"));
}

// A document stands alone: every reference leads into it.
TEST_F(SchemasTest, ADocumentHoldsAllThatItRefersTo) {
  std::vector<Json> documents{schemas_.any_object()};
  for (const Schemas::Entry& entry : schemas_.entries())
    documents.push_back(schemas_.document(entry));
  for (const Json& whole : documents) {
    EXPECT_EQ(whole["$schema"], "https://json-schema.org/draft/2020-12/schema");
    EXPECT_THAT(whole["$id"].get<std::string>(), HasSubstr("urn:sluice:schema:"));
    std::vector<Json> todo{whole};
    while (!todo.empty()) {
      const Json at = todo.back();
      todo.pop_back();
      if (!at.is_structured()) continue;
      if (at.is_object() && at.contains("$ref")) {
        const Json::json_pointer place(at["$ref"].get<std::string>().substr(1));
        EXPECT_TRUE(whole.contains(place)) << at["$ref"] << " in " << whole["$id"];
      }
      for (const Json& inner : at) todo.push_back(inner);
    }
  }
}

TEST_F(SchemasTest, APipelineKnowsItsFiltersAndTheirResults) {
  const Json pipeline = document("Pipeline");
  EXPECT_EQ(pipeline["properties"]["kind"]["const"], "Pipeline");
  EXPECT_EQ(pipeline["properties"]["filters"]["items"]["allOf"].size(), builder_.filters().size());
  EXPECT_EQ(pipeline["properties"]["resilience"]["items"]["allOf"].size(), 2U);
  const Json names =
      pipeline["properties"]["flow"]["items"]["properties"]["jumpIf"]["propertyNames"]["enum"];
  EXPECT_THAT(names, ::testing::Contains(Json("")));
  const Json global = document("GlobalFilter");
  EXPECT_EQ(global["properties"]["beforePipeline"]["anyOf"][0]["$ref"],
            "#/$defs/PartOfGlobalFilter");
}

TEST_F(SchemasTest, AFormatIsAPattern) {
  const Json server = document("HTTPServer");
  const Json& timeout = server["properties"]["keepAliveTimeout"];
  EXPECT_FALSE(timeout.contains("format")) << "JSON Schema means ISO 8601 by it";
  EXPECT_EQ(timeout["x-format"], "duration");
  EXPECT_THAT(timeout["pattern"].get<std::string>(), ::testing::EndsWith(")?$"))
      << "may be empty: it is not required";
  const Json retry = document("Retry");
  EXPECT_EQ(retry["properties"]["waitDuration"]["x-minimum"], "0s");
}

}  // namespace
}  // namespace sluice::control
