// SPDX-License-Identifier: Apache-2.0
#include "wasm/module.h"

#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "wasm/module_cache.h"
#include "wasm/testing/test_guests.h"

namespace sluice::wasm {
namespace {

namespace fs = std::filesystem;
using testing::World;

std::string why(const Engine& engine, std::string_view bytes) {
  const auto compiled = Module::compile(engine, bytes);
  return compiled ? "" : compiled.error().message;
}

TEST(Module, RefusesWhatIsNone) {
  const World world;
  EXPECT_EQ(why(*world.engine, "<html>"),
            "not a WebAssembly module: begins with 3c 68 74 6d 6c 3e instead of 00 61 73 6d");
  EXPECT_NE(why(*world.engine, "").find("it is empty"), std::string::npos);
  EXPECT_NE(why(*world.engine, std::string_view("\0asm\x0d\0\1\0\xff\xff", 10))
                .find("the component does not compile"),
            std::string::npos);
  EXPECT_NE(why(*world.engine, std::string_view("\0asm\x02\0\0\0", 8)).find("unknown version"),
            std::string::npos);
  EXPECT_NE(
      why(*world.engine, std::string_view("\0asm\1\0\0\0\xff\xff", 10)).find("does not compile"),
      std::string::npos);
  EXPECT_NE(why(*world.engine, "(module (bad))").find("cannot be read"), std::string::npos);
}

TEST(Module, RefusesConstantExpressionsOfLength) {
  const World world;
  const auto with_sum = [](int count, const std::string& place) {
    std::string sum = "i32.const 1";
    for (int i = 0; i < count; ++i) sum += " i32.const 1 i32.add";
    return "(module (memory 1) (table 1 funcref) (global i32 " +
           (place == "global" ? sum : "i32.const 0") + ") (data (offset " +
           (place == "data" ? sum : "i32.const 0") + ") \"x\") (elem (offset " +
           (place == "elem" ? sum : "i32.const 0") + ")))";
  };
  for (const std::string place : {"global", "data", "elem"}) {
    EXPECT_EQ(why(*world.engine, with_sum(20'000, place)), "") << place;
    EXPECT_EQ(why(*world.engine, with_sum(30'000, place)),
              "the module has a constant expression of 90003 bytes, at most 65536 are allowed")
        << place;
  }
  std::string many = "(module";
  for (int i = 0; i < 20; ++i) {
    many += "(global i32 i32.const 1";
    for (int k = 0; k < 20'000; ++k) many += " i32.const 1 i32.add";
    many += ")";
  }
  EXPECT_EQ(why(*world.engine, many + ")"),
            "the module has constant expressions of more than 1048576 bytes together");
}

TEST(Module, TextIsForTests) {
  const World world({.guests_max = 10});
  EXPECT_NE(why(*world.engine, "(module)").find("not a WebAssembly module"), std::string::npos);
}

TEST(Module, ListsImportsAndExports) {
  const World world;
  const auto module =
      *Module::compile(*world.engine,
                       "(module (import \"a\" \"b\" (func)) (memory (export \"m\") 1)"
                       "(func (export \"f\") (param i32 i64) (result f64) (f64.const 0)))");
  EXPECT_EQ(module->imports().at(0).name, "b");
  EXPECT_TRUE(module->imports_from("a"));
  EXPECT_EQ(module->find_export("m")->kind, ExternKind::memory);
  EXPECT_EQ(to_string(module->find_export("f")->signature), "(i32, i64) -> f64");
}

constexpr std::string_view kCollected =
    "(module (type $s (struct (field i32))) (func (drop (struct.new_default $s))))";

TEST(Module, KnowsWhetherObjectsAreCollected) {
  const World world;
  EXPECT_TRUE((*Module::compile(*world.engine, kCollected))->collected());
  EXPECT_FALSE((*Module::compile(*world.engine, "(module (tag) (func (throw 0)))"))->collected());
  EXPECT_FALSE((*Module::compile(*world.engine, "(module (table 1 funcref))"))->collected());
}

class CacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-module-cache-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }
  fs::path only_entry() {
    for (const auto& entry : fs::directory_iterator(directory_)) return entry.path();
    return {};
  }
  std::string directory_;
};

TEST_F(CacheTest, KeepsCompiledModules) {
  const World world({.cache_directory = directory_, .guests_max = 10, .accept_text = true});
  const auto first = *Module::compile(*world.engine, "(module)");
  EXPECT_TRUE(world.engine->cache().load(first->sha256()));
  EXPECT_TRUE(Module::compile(*world.engine, "(module)"));
}

TEST_F(CacheTest, KeepsModulesWithCollectedObjects) {
  const World world({.cache_directory = directory_, .guests_max = 10, .accept_text = true});
  const auto first = *Module::compile(*world.engine, kCollected);
  EXPECT_TRUE(world.engine->cache().load(first->sha256()));
  EXPECT_TRUE((*Module::compile(*world.engine, kCollected))->collected());
}

TEST_F(CacheTest, KeepsTheNewest) {
  const ModuleCache cache(directory_);
  const auto hash = [](int i) { return sha256_hex(std::to_string(i)); };
  for (int i = 0; i < 70; ++i) {
    cache.save(hash(i), "compiled");
    EXPECT_TRUE(cache.load(hash(i))) << i;
    EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), std::min(i + 1, 64));
  }
  EXPECT_FALSE(cache.load(hash(0)));
}

TEST_F(CacheTest, IgnoresDamagedEntries) {
  const World world({.cache_directory = directory_, .guests_max = 10, .accept_text = true});
  const auto first = *Module::compile(*world.engine, "(module)");
  std::fstream(only_entry(), std::ios::in | std::ios::out | std::ios::binary).seekp(500)
      << "damage";
  EXPECT_FALSE(world.engine->cache().load(first->sha256()));
  EXPECT_TRUE(Module::compile(*world.engine, "(module)"));
  EXPECT_TRUE(world.engine->cache().load(first->sha256()));
  fs::resize_file(only_entry(), 10);
  EXPECT_TRUE(Module::compile(*world.engine, "(module)"));
}

TEST_F(CacheTest, IgnoresWhatTheCompilerDoesNotKnow) {
  const World world({.cache_directory = directory_, .guests_max = 10, .accept_text = true});
  const auto first = *Module::compile(*world.engine, "(module)");
  world.engine->cache().save(first->sha256(), "not a compiled module");
  EXPECT_TRUE(Module::compile(*world.engine, "(module)"));
}

TEST(Engine, RefusesOptionsOutOfRange) {
  EXPECT_FALSE(Engine::create({.guests_max = 0}));
  EXPECT_FALSE(Engine::create({.memory_bytes_max = std::uint64_t{5} << 30}));
}

TEST(Engine, WorksWithoutThePool) {
  const World world({.pooling = false, .accept_text = true});
  EXPECT_EQ(testing::run(*world.must(testing::guest("(i32.const 3)"))).value(), 3);
}

}  // namespace
}  // namespace sluice::wasm
