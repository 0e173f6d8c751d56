// SPDX-License-Identifier: Apache-2.0
#include "control/stored_objects.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/testing/process.h"

namespace sluice::control {
namespace {

using testing::Folder;

class StoredObjectsTest : public ::testing::Test {
 protected:
  StoredObjectsTest() { open(); }
  void open() {
    store_.reset();
    store_ = store::open_embedded_store(folder_.path(), 1, Logger()).value();
    stored_ = std::make_unique<StoredObjects>(*store_);
  }
  Objects reload() {
    open();
    return stored_->load().value();
  }
  static std::shared_ptr<Object> object(const std::string& name, const Json& pins = nullptr) {
    auto made = std::make_shared<Object>();
    made->name = name;
    made->spec = {{"name", name}, {"kind", "Pipeline"}, {"text", "ä \" \n"}};
    made->pins = pins;
    return made;
  }

  Folder folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<StoredObjects> stored_;
};

TEST_F(StoredObjectsTest, ComeBackWithPinsAndVersion) {
  EXPECT_TRUE(stored_->load()->empty());
  EXPECT_EQ(stored_->version(), 0U);
  const auto a = object("a", {{"f", {{"hash", "1"}}}});
  const auto b = object("b", Json::object());
  ASSERT_TRUE(stored_->save({{a}, {b}}, {}));
  EXPECT_EQ(stored_->version(), 1U);
  const Objects back = reload();
  EXPECT_EQ(stored_->version(), 1U);
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back.at("a")->spec, a->spec);
  EXPECT_EQ(back.at("a")->kind, "Pipeline");
  EXPECT_EQ(back.at("a")->pins, a->pins);
  EXPECT_TRUE(back.at("b")->pins.is_null());
  EXPECT_TRUE(back.at("a")->is_being_built());
}

TEST_F(StoredObjectsTest, ChangesAndRemovalsAreOneVersion) {
  ASSERT_TRUE(stored_->save({{object("a", {{"f", 1}})}, {object("b")}}, {}));
  ASSERT_TRUE(stored_->save({{object("c")}}, {"a", "b"}));
  EXPECT_EQ(stored_->version(), 2U);
  EXPECT_TRUE(store_->documents("pins")->entries.empty()) << "nothing is left of what is gone";
  ASSERT_TRUE(stored_->save({{object("a")}}, {}));
  const Objects back = reload();
  EXPECT_EQ(back.size(), 2U);
  EXPECT_TRUE(back.at("a")->pins.is_null()) << "its old pins went with it";
}

TEST_F(StoredObjectsTest, PinsAloneAreNoVersion) {
  ASSERT_TRUE(stored_->save({{object("a", {{"f", 1}})}}, {}));
  ASSERT_TRUE(stored_->save_pins({{object("a", {{"f", 2}})}}));
  ASSERT_TRUE(stored_->save_pins({}));
  EXPECT_EQ(stored_->version(), 1U);
  EXPECT_EQ(reload().at("a")->pins, (Json{{"f", 2}}));
  ASSERT_TRUE(stored_->save_pins({{object("a")}}));
  EXPECT_TRUE(reload().at("a")->pins.is_null());
}

TEST_F(StoredObjectsTest, ADamagedDocumentIsAnObjectWithoutAKind) {
  const std::vector<store::DocumentChange> broken{{"objects", "x", "{"}, {"pins", "gone", "{}"}};
  ASSERT_TRUE(store_->change_documents(broken));
  const Objects back = reload();
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back.at("x")->kind, "");
}

TEST_F(StoredObjectsTest, ARefusedWriteIsNoVersion) {
  ASSERT_TRUE(stored_->save({{object("a")}}, {}));
  const std::string file = folder_.path() + "/sluice.db";
  std::filesystem::rename(file, file + ".away");
  EXPECT_FALSE(stored_->save({{object("b")}}, {"a"}));
  EXPECT_EQ(stored_->version(), 1U);
  std::filesystem::rename(file + ".away", file);
  EXPECT_EQ(reload().count("a"), 1U);
}

}  // namespace
}  // namespace sluice::control
