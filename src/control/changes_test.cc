// SPDX-License-Identifier: Apache-2.0
#include "control/changes.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/builder.h"
#include "control/testing/process.h"

namespace sluice::control {
namespace {

using namespace testing;  // control's

class ChangesTest : public ::testing::Test {
 public:
  ChangesTest(const ChangesTest&) = delete;
  ChangesTest& operator=(const ChangesTest&) = delete;

 protected:
  ChangesTest() { workers_.start(); }
  ~ChangesTest() override {
    workers_.drain(Duration::zero());
    workers_.stop();
  }

  std::shared_ptr<const Object> object(const std::string& name) {
    config::Faults faults;
    auto made = builder_.build(config::parse_document(pipeline_text(name)).value(), {}, faults);
    EXPECT_NE(made, nullptr);
    return made;
  }
  Result<void> commit(const std::shared_ptr<const Object>& object) {
    return changes_.commit({{.object = object, .changes = true, .prefix = ""}}, {});
  }

  server::Workers workers_{kCores, kMemoryBytes, nullptr, Logger()};
  std::unique_ptr<store::Store> store_ = store::open_memory_store(kCores);
  Script script_;
  pipeline::StateRegistry states_;
  const ObjectBuilder builder_{all_kinds(), scripted_kinds(script_), kCores, &states_};
  StoredObjects stored_{*store_};
  Publisher publisher_{kCores, Logger(), workers_, states_};
  StatusNotes notes_{*store_, publisher_};
  Changes changes_{stored_, publisher_, notes_, Logger()};
};

TEST_F(ChangesTest, WhatWasBuiltTakesThePlaceOfWhatItWasBuiltFrom) {
  const auto before = object("p");
  const auto after = object("p");
  ASSERT_TRUE(commit(before));
  changes_.replace(before, after);
  EXPECT_EQ(publisher_.find("p"), after);
}

TEST_F(ChangesTest, WhatWasBuiltGivesWayToANewerChange) {
  const auto before = object("p");
  const auto newer = object("p");
  ASSERT_TRUE(commit(before));
  ASSERT_TRUE(commit(newer));
  changes_.replace(before, object("p"));
  EXPECT_EQ(publisher_.find("p"), newer);
  ASSERT_TRUE(changes_.remove("p", {}));
  changes_.replace(newer, object("p"));
  EXPECT_EQ(publisher_.find("p"), nullptr);
}

TEST_F(ChangesTest, AfterTheEndNothingChanges) {
  const auto before = object("p");
  ASSERT_TRUE(commit(before));
  changes_.end();
  const auto refused = commit(object("q"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(changes_.remove("p", {}).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(changes_.remove_all({"p"}, {}).error().kind, ErrorKind::unavailable);
  changes_.replace(before, object("p"));
  EXPECT_EQ(publisher_.find("p"), before);
  EXPECT_EQ(publisher_.find("q"), nullptr);
  EXPECT_EQ(stored_.version(), 1U);
}

}  // namespace
}  // namespace sluice::control
