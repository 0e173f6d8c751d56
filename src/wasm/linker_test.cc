// SPDX-License-Identifier: Apache-2.0
#include "wasm/linker.h"

#include "wasm/testing/test_guests.h"

namespace sluice::wasm {
namespace {

using testing::guest;
using testing::World;

std::string link_fault(const World& world, const std::string& text) {
  const auto linked = world.link(text);
  return linked ? "" : linked.error().message;
}

TEST(Linker, NamesUnknownImports) {
  const World world;
  EXPECT_EQ(
      link_fault(world,
                 "(module (import \"test\" \"nope\" (func)) (import \"wasi_snapshot_preview1\" "
                 "\"fd_write\" "
                 "(func (param i32 i32 i32 i32) (result i32))) (import \"x\" \"y\" (memory 1)))"),
      "the module imports what nobody offers: test.nope, x.y");
}

TEST(Linker, NamesImportsOfTheWrongType) {
  const World world;
  const std::string text = link_fault(world,
                                      "(module (import \"test\" \"add\" (func (param i32)))"
                                      "(memory (export \"memory\") 1)"
                                      "(func (export \"run\") (result i32) (i32.const 0)))");
  EXPECT_NE(text.find("imports do not fit"), std::string::npos) << text;
  EXPECT_NE(text.find("test::add"), std::string::npos) << text;
}

TEST(Linker, NamesMissingAndWrongExports) {
  const World world;
  EXPECT_EQ(
      link_fault(world,
                 "(module (func (export \"alloc\") (param i32 f64)) (global (export \"init\") i32 "
                 "(i32.const 0)))"),
      "the module does not fit: it does not export the function run; its function alloc is "
      "(i32, f64), must be "
      "(i32) -> i32; its export init is no function; it exports no memory named \"memory\"");
}

TEST(Linker, RefusesSharedMemory) {
  const World world;
  EXPECT_NE(
      link_fault(world,
                 "(module (memory (export \"memory\") 1 2 shared) (func (export \"run\") (result "
                 "i32) (i32.const 0)))"),
      "");
}

// Two modules of an ABI, one in two parts, and a function of the runtime that the ABI has, too.
double fixed_seed() { return 17; }
std::int32_t one() { return 1; }
std::int32_t two() { return 2; }
Result<std::int32_t> twice(HostCall& call) {
  SLUICE_TRY(const std::uint32_t got, call.call(testing::kAlloc, 1));
  return static_cast<std::int32_t>(got) * 2;
}
constexpr HostFunction kEnv[] = {host_function<fixed_seed>("seed"), host_function<one>("number")};
constexpr HostFunction kMore[] = {host_function<two>("number"), host_function<twice>("twice")};
constexpr HostFunction kClock[] = {host_function<two>("clock_res_get")};
constexpr ImportModule kAbiModules[] = {
    {.name = "env", .functions = kEnv},
    {.name = "more", .functions = std::span(kMore).first<1>()},
    {.name = "more", .functions = std::span(kMore).last<1>()},
    {.name = "wasi_snapshot_preview1", .functions = kClock, .in_nested_calls = true}};

std::string import_of(const char* module, const char* name, const char* result = "i32") {
  return std::string("(import \"") + module + "\" \"" + name + "\" (func $" + module + "_" + name +
         " (result " + result + ")))";
}

TEST(Linker, OffersTheModulesOfAnAbiBesideTheRuntime) {
  const World world(Abi{kAbiModules, testing::kGuest});
  const auto instance =
      world.must("(module " + import_of("env", "number") + import_of("more", "number") +
                 import_of("env", "seed", "f64") + import_of("env", "Date.now", "f64") +
                 import_of("wasi_snapshot_preview1", "clock_res_get") + import_of("more", "twice") +
                 "(memory (export \"memory\") 1)"
                 "(func (export \"alloc\") (param i32) (result i32)"
                 " (i32.add (call $wasi_snapshot_preview1_clock_res_get) (i32.const 1)))"
                 "(func (export \"run\") (result i32)"
                 " (if (f64.ne (call $env_seed) (f64.const 17)) (then (unreachable)))"
                 " (if (f64.lt (call $env_Date.now) (f64.const 1)) (then (unreachable)))"
                 " (i32.add (i32.mul (call $more_twice) (i32.const 100))"
                 "  (i32.add (i32.mul (call $env_number) (i32.const 10)) (call $more_number)))))");
  EXPECT_EQ(testing::run(*instance).value_or(-1), 612)
      << "the ABI's seed, the runtime's clock; a function that a nested call may use";
}

TEST(Linker, GuardsTheFunctionsOfEveryModule) {
  const World world(Abi{kAbiModules, testing::kGuest});
  const auto instance =
      world.must("(module " + import_of("env", "number") + import_of("more", "twice") +
                 "(memory (export \"memory\") 1)"
                 "(func (export \"alloc\") (param i32) (result i32) (call $env_number))"
                 "(func (export \"run\") (result i32) (call $more_twice)))");
  EXPECT_NE(
      testing::run(*instance).error().message.find("number called while the host called the guest"),
      std::string::npos);
}

TEST(Linker, NoFunctionCallsTheGuestInANestedCall) {
  constexpr ImportModule kOpen[] = {{.name = "more", .functions = kMore, .in_nested_calls = true}};
  const World world(Abi{kOpen, testing::kGuest});
  const auto instance = world.must("(module " + import_of("more", "twice") +
                                   "(memory (export \"memory\") 1)"
                                   "(func (export \"alloc\") (param i32) (result i32)"
                                   " (call $more_twice))"
                                   "(func (export \"run\") (result i32) (call $more_twice)))");
  EXPECT_NE(testing::run(*instance).error().message.find("the host calls the guest already"),
            std::string::npos);
}

TEST(Linker, NamesAnImportThatIsInAnotherModule) {
  const World world(Abi{kAbiModules, testing::kGuest});
  EXPECT_EQ(
      link_fault(world, "(module " + import_of("env", "twice") + import_of("test", "add") + ")"),
      "the module imports what nobody offers: env.twice, test.add");
}

TEST(Linker, RefusesAnAbiThatHasAFunctionTwice) {
  const auto engine = *Engine::create({.guests_max = 10});
  constexpr ImportModule kTwice[] = {{.name = "env", .functions = kEnv},
                                     {.name = "env", .functions = kEnv}};
  const auto made = Linker::create(*engine, Abi{kTwice, {}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "the ABI has env.seed twice");
}

TEST(Linker, AcceptsWhatFits) {
  const World world;
  EXPECT_EQ(link_fault(world, guest("(i32.const 0)")), "");
}

}  // namespace
}  // namespace sluice::wasm
