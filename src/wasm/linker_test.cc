// SPDX-License-Identifier: Apache-2.0
#include "wasm/linker.h"

#include "wasm/testing/test_guests.h"

namespace sluice::wasm {
namespace {

using testing::guest;
using testing::World;

std::string why(const World& world, const std::string& text) {
  const auto linked = world.link(text);
  return linked ? "" : linked.error().message;
}

TEST(Linker, NamesUnknownImports) {
  const World world;
  EXPECT_EQ(why(world,
                "(module (import \"test\" \"nope\" (func)) (import \"wasi_snapshot_preview1\" "
                "\"fd_write\" "
                "(func (param i32 i32 i32 i32) (result i32))) (import \"x\" \"y\" (memory 1)))"),
            "the module imports what nobody offers: test.nope, x.y");
}

TEST(Linker, NamesImportsOfTheWrongType) {
  const World world;
  const std::string text = why(world,
                               "(module (import \"test\" \"add\" (func (param i32)))"
                               "(memory (export \"memory\") 1)"
                               "(func (export \"run\") (result i32) (i32.const 0)))");
  EXPECT_NE(text.find("imports do not fit"), std::string::npos) << text;
}

TEST(Linker, NamesMissingAndWrongExports) {
  const World world;
  EXPECT_EQ(why(world,
                "(module (func (export \"alloc\") (param i32 f64)) (global (export \"init\") i32 "
                "(i32.const 0)))"),
            "the module does not fit: it does not export the function run; its function alloc is "
            "(i32, f64), must be "
            "(i32) -> i32; its export init is no function; it exports no memory named \"memory\"");
}

TEST(Linker, RefusesSharedMemory) {
  const World world;
  EXPECT_NE(why(world,
                "(module (memory (export \"memory\") 1 2 shared) (func (export \"run\") (result "
                "i32) (i32.const 0)))"),
            "");
}

TEST(Linker, AcceptsWhatFits) {
  const World world;
  EXPECT_EQ(why(world, guest("(i32.const 0)")), "");
}

}  // namespace
}  // namespace sluice::wasm
