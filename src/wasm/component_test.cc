// SPDX-License-Identifier: Apache-2.0
// Covers: component_entry.cc, component_guest.cc, component_linker.cc
#include "wasm/component.h"

#include <filesystem>

#include "wasm/guest_texts.h"
#include "wasm/testing/test_components.h"
#include "wasm/testing/test_guests.h"

namespace sluice::wasm {
namespace {

using namespace std::chrono_literals;
using testing::ComponentText;
using testing::run;
using testing::World;

// A text as an argument and as a result.
struct PlainText {
  std::string_view text;
  static Result<PlainText> from_guest(HostCall& call, std::uint32_t number) {
    return PlainText{call.texts()->given[number]};
  }
  [[nodiscard]] Result<std::uint32_t> to_guest(HostCall& call) const {
    call.texts()->keep(text);
    return 0;
  }
};

std::int32_t measure(PlainText text) { return static_cast<std::int32_t>(text.text.size()); }
PlainText rest(PlainText text) { return {text.text.substr(1)}; }
Result<void> deny() { return fail(ErrorKind::invalid, "not today"); }

constexpr HostFunction kFunctions[] = {host_function<measure>("measure"),
                                       host_function<rest>("rest"), host_function<deny>("deny")};
constexpr ImportModule kOneModule[] = {{.name = "test", .functions = kFunctions}};
constexpr auto kExports = guest_exports(testing::kRun);
constexpr WitImport kImports[] = {{"measure", "texts", "measure", "t>i"},
                                  {"rest", "texts", "rest", "t>t"}};
constexpr WitWorld kTestWorld{"test:world", "1.0.0", kImports, testing::kRun.index};
constexpr Abi kTestAbi{kOneModule, kExports, &kTestWorld};

const testing::ComponentImportText kMeasure{"test:world/texts@1.0.0", "measure",
                                            "(param \"text\" (list u8)) (result s32)",
                                            "(param i32 i32) (result i32)"};

struct Components : ::testing::Test {
  World world{kTestAbi};

  std::string why(const ComponentText& text) const {
    const auto made = world.instantiate(text.text());
    return made ? "" : made.error().message;
  }
};

TEST_F(Components, RunAndCallTheHost) {
  const auto instance = world.must(
      ComponentText{.imports = {kMeasure}, .run = "(call $measure (i32.const 64) (i32.const 2))"}
          .text());
  ASSERT_TRUE(instance);
  EXPECT_TRUE(instance->is_component());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(*instance).value(), 2);
}

TEST_F(Components, TakeTextsBothWays) {
  const testing::ComponentImportText rest{"test:world/texts@1.0.0", "rest",
                                          "(param \"a\" (list u8)) (result (list u8))",
                                          "(param i32 i32 i32)"};
  const auto instance =
      world.must(ComponentText{.imports = {rest},
                               .run = "(call $rest (i32.const 64) (i32.const 2) (i32.const 8))"
                                      "(i32.load8_u (i32.load (i32.const 8)))"}
                     .text());
  ASSERT_TRUE(instance);
  EXPECT_EQ(run(*instance).value(), 'o');
}

TEST_F(Components, ErrorsAreToldFromTraps) {
  const auto refusing =
      world.must(ComponentText{.run = "(call $fail (i32.const 64) (i32.const 2))"}.text());
  const auto refused = run(*refusing);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::forbidden);
  EXPECT_EQ(refused.error().message, "no");
  EXPECT_FALSE(refusing->alive());

  const auto trapping = world.must(ComponentText{.run = "unreachable"}.text());
  const auto trapped = run(*trapping);
  ASSERT_FALSE(trapped);
  EXPECT_EQ(trapped.error().kind, ErrorKind::invalid);
  EXPECT_EQ(trapped.error().message, "wasm `unreachable` instruction executed");
}

TEST_F(Components, AreConfigured) {
  const auto instance =
      world.must(ComponentText{.configure = "(i32.ne (local.get $count) (i32.const 1))"}.text());
  const auto configured = [&](std::vector<std::string> texts) {
    return run_here(instance->configure(std::move(texts), Pace(), Clock::now() + 5s));
  };
  EXPECT_TRUE(configured({"name", "value"}));
  EXPECT_EQ(run(*instance).value(), 0);
  const auto refused = configured({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "no");
}

TEST_F(Components, EndlessLoopIsStoppedAtTheDeadline) {
  const auto doomed = world.must(ComponentText{.run = "(loop $l (br $l)) (i32.const 0)"}.text());
  const auto failed = run(*doomed, 30ms);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::timed_out);
  EXPECT_FALSE(doomed->alive());
  EXPECT_EQ(run(*world.must(ComponentText{.run = "(i32.const 5)"}.text())).value(), 5);
}

TEST_F(Components, MemoryHasALimit) {
  const auto text = ComponentText{.run = "(memory.grow (i32.const 100))"}.text();
  const auto small = world.must(text, {.memory_bytes_max = 1 << 20});
  EXPECT_EQ(run(*small).value(), -1);
  EXPECT_EQ(run(*world.must(text)).value(), 4);
}

TEST_F(Components, AllMemoriesTogetherHaveTheLimit) {
  const auto with_memories = [](int count) {
    std::string parts;
    for (int i = 0; i < count; ++i)
      parts += "(core module $M" + std::to_string(i) + " (memory 1))" +
               "(core instance (instantiate $M" + std::to_string(i) + "))";
    return parts;
  };
  const std::string grow = "(memory.grow (i32.const 10))";
  const auto grown = [&](int more, std::uint64_t pages) {
    const auto text = ComponentText{.run = grow, .parts = with_memories(more)}.text();
    return run(*world.must(text, {.memory_bytes_max = pages << 16})).value();
  };
  const int own = grown(0, 100);
  EXPECT_EQ(grown(2, static_cast<std::uint64_t>(own) + 12), own) << "all fit exactly";
  EXPECT_EQ(grown(2, static_cast<std::uint64_t>(own) + 11), -1);
  EXPECT_EQ(why({.parts = with_memories(3)}), "");
  EXPECT_NE(why({.parts = with_memories(4)}).find("memory count too high"), std::string::npos);
}

// Nothing interrupts the making of an instance, and no limit of memory counts what is beside it.
TEST_F(Components, WhatTheyHoldBesideTheirMemoryHasALimit) {
  const auto times = [](int count, const std::string& text) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  const std::string globals =
      "(core module $Part " + times(5'000, "(global i32 (i32.const 0))") + ")";
  const std::string part = "(core instance (instantiate $Part))";
  EXPECT_EQ(why({.parts = globals + times(100, part)}), "");
  constexpr const char* kTooMuch = "an instance of the component takes ";
  EXPECT_NE(why({.parts = globals + times(900, part)}).find(kTooMuch), std::string::npos);
  const std::string inner = "(component $In " + globals + times(30, part) + ")";
  EXPECT_NE(why({.parts = inner + times(30, "(instance (instantiate $In))")}).find(kTooMuch),
            std::string::npos);
  const std::string outer = globals + "(component $In " + times(30, part) + ")";
  EXPECT_NE(why({.parts = outer + times(30, "(instance (instantiate $In))")}).find(kTooMuch),
            std::string::npos);
  const std::string data = "(core module $Part (memory 1) (data \"" + times(60'000, "x") + "\"))";
  EXPECT_NE(why({.parts = data + times(1'200, part)}).find(kTooMuch), std::string::npos);
}

TEST_F(Components, NamesWhatIsMissing) {
  testing::ComponentImportText unknown = kMeasure;
  unknown.interface = "test:world/other@1.0.0";
  EXPECT_EQ(why({.imports = {unknown}}),
            "the component imports what nobody offers: test:world/other@1.0.0.measure");
  testing::ComponentImportText wrong = kMeasure;
  wrong.type = "(param \"text\" string) (result s32)";
  EXPECT_NE(why({.imports = {wrong}}).find("the component's imports do not fit"),
            std::string::npos);
  const auto none = world.instantiate("(component)");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message,
            "the component does not export run, configure, as the world test:world/filter has it");
}

TEST_F(Components, AreForAbisWithAWorld) {
  const World without;
  const auto refused = without.instantiate(ComponentText().text());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("not supported here"), std::string::npos);
}

TEST_F(Components, WorldMustBeThatOfTheAbi) {
  for (const WitImport wrong : {WitImport{"measure", "texts", "measure", "t>I"},
                                WitImport{"nothing", "texts", "measure", "t>i"},
                                WitImport{"measure", "texts", "measure", "i"}}) {
    const WitImport imports[] = {wrong};
    const WitWorld other{"test:world", "1.0.0", imports, 0};
    const auto linker = Linker::create(*world.engine, Abi{kOneModule, kExports, &other});
    ASSERT_FALSE(linker);
    EXPECT_EQ(linker.error().kind, ErrorKind::internal);
  }
}

TEST_F(Components, HaveNoFilesAndNoSockets) {
  const testing::ComponentImportText open{"wasi:filesystem/preopens@0.2.3", "get-directories",
                                          "(result (list u8))", "(param i32)"};
  // An import that the host does not answer traps, and the trap has its name.
  const testing::ComponentImportText other{"wasi:filesystem/types@0.2.3", "other", "", ""};
  const auto instance =
      world.must(ComponentText{.imports = {other}, .run = "(call $other) (i32.const 0)"}.text());
  ASSERT_TRUE(instance);
  const auto failed = run(*instance);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "wasi:filesystem/types.other: a guest has no such thing here");
  const auto looking = world.must(ComponentText{
      .imports = {open}, .run = "(call $get-directories (i32.const 8)) (i32.load (i32.const 12))"}
                                      .text());
  ASSERT_TRUE(looking);
  EXPECT_EQ(run(*looking).value(), 0);
}

// Such a list would be read before the host function is called.
TEST_F(Components, FunctionsOfWasiHaveItsParameters) {
  const testing::ComponentImportText odd{"wasi:cli/environment@0.2.3", "get-environment",
                                         "(param \"a\" (list (list u8))) (result (list string))",
                                         "(param i32 i32 i32)"};
  EXPECT_NE(why({.imports = {odd}})
                .find("wasi:cli/environment.get-environment has a parameter that WASI 0.2 does "
                      "not have"),
            std::string::npos);
}

TEST_F(Components, CompiledCodeIsKept) {
  const auto folder = std::filesystem::temp_directory_path() / "sluice-component-test";
  std::filesystem::remove_all(folder);
  const World kept({.cache_directory = folder, .guests_max = 10, .accept_text = true}, kTestAbi);
  const std::string text = ComponentText{.run = "(i32.const 6)"}.text();
  EXPECT_EQ(run(*kept.must(text)).value(), 6);
  EXPECT_FALSE(std::filesystem::is_empty(folder));
  EXPECT_EQ(run(*kept.must(text)).value(), 6);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sluice::wasm
