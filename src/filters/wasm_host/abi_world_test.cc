// SPDX-License-Identifier: Apache-2.0
// Components in a WasmHost filter: its host functions by the world of sdk/wit/sluice.wit.
#include <algorithm>
#include <string>

#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/testing/test_host.h"
#include "wasm/testing/test_components.h"

namespace sluice::filters {
namespace {

using testing::Host;
using wasm::testing::ComponentImportText;
using wasm::testing::ComponentText;

std::string gateway(const char* interface) {
  return "sluice:gateway/" + std::string(interface) + "@1.0.0";
}

// The text at 64 is "no".
const ComponentImportText kPutString{gateway("cluster"), "put-string",
                                     R"((param "key" (list u8)) (param "value" (list u8)))",
                                     "(param i32 i32 i32 i32)"};
constexpr const char* kPut =
    "(call $put-string (i32.const 64) (i32.const 2) (i32.const 65) (i32.const 1))";

TEST(World, HasEveryFunctionOfTheAbiOnce) {
  const auto imports = gateway_world().imports;
  std::size_t count = 0;
  for (const wasm::ImportModule& module : easegress_abi().modules) {
    if (module.name != "easegress") continue;
    for (const wasm::HostFunction& function : module.functions) {
      EXPECT_EQ(std::ranges::count(imports, function.name, &wasm::WitImport::function), 1)
          << function.name;
      ++count;
    }
  }
  EXPECT_EQ(imports.size(), count);
}

TEST(Component, WritesSharedData) {
  Host host;
  host.use(
      ComponentText{.imports = {kPutString}, .run = std::string(kPut) + "(i32.const 0)"}.text());
  EXPECT_EQ(host.run(), "");
  EXPECT_EQ(host.stored("no"), "o");
  EXPECT_EQ(host.status("transactionsWritten"), 1);
}

TEST(Component, NumbersAndListsCrossTheBorder) {
  const ComponentImportText add{gateway("cluster"), "add-float",
                                R"((param "key" (list u8)) (param "delta" f64) (result f64))",
                                "(param i32 i32 f64) (result f64)"};
  Host host;
  host.use(ComponentText{.imports = {add},
                         .run = "(i32.trunc_f64_s (f64.mul (f64.const 2) (call $add-float"
                                " (i32.const 64) (i32.const 2) (f64.const 1.5))))"}
               .text());
  EXPECT_EQ(host.run(), "wasmResult3");
  EXPECT_EQ(host.run(), "wasmResult6");
  EXPECT_EQ(host.stored("no"), "3");

  const ComponentImportText cookies{gateway("request"), "get-all-cookie",
                                    "(result (list (list u8)))", "(param i32)"};
  host.use(ComponentText{.imports = {cookies},
                         .run = "(call $get-all-cookie (i32.const 8)) (i32.load (i32.const 12))"}
               .text());
  EXPECT_EQ(host.run(), "wasmResult2");
}

TEST(Component, ErrorOfRunIsTheReason) {
  Host host;
  host.use(ComponentText{.imports = {kPutString},
                         .run = std::string(kPut) + "(call $fail (i32.const 64) (i32.const 2))"}
               .text());
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.response().status, 503);
  EXPECT_EQ(host.tag(), "wasm: no");
  EXPECT_EQ(host.stored("no"), "(absent)");
  EXPECT_EQ(host.run(), "wasmError");
}

TEST(Component, RefusedArgumentNamesTheFunction) {
  const ComponentImportText set{gateway("response"), "set-status-code", R"((param "status" s32))",
                                "(param i32)"};
  Host host;
  host.use(ComponentText{.imports = {set},
                         .run = "(call $set-status-code (i32.const 9999)) (i32.const 0)"}
               .text());
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.tag(),
            "wasm: trap: response.set-status-code: 9999 is not a status code (200 to 599)");
}

TEST(Component, ErrorOfConfigureRefusesTheProgram) {
  Host host;
  const std::string code =
      ComponentText{.configure = "(i32.ne (local.get $count) (i32.const 1))"}.text();
  EXPECT_FALSE(host.build(code));
  EXPECT_EQ(host.faults.lines().front(), "filters[0].code: configure failed: no");
  EXPECT_TRUE(host.build(code, "parameters: {a: b}"));
}

TEST(Component, EndlessLoopIsATimeout) {
  Host host;
  host.use(ComponentText{.imports = {kPutString},
                         .run = std::string(kPut) + "(loop $l (br $l)) (i32.const 0)"}
               .text(),
           "timeout: 30ms");
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.tag(), "wasm: timed out after 30ms");
  EXPECT_EQ(host.stored("no"), "(absent)");
}

TEST(Component, SharedDataIsNotForConfigure) {
  Host host;
  const std::string code =
      ComponentText{.imports = {kPutString}, .configure = std::string(kPut) + "(i32.const 0)"}
          .text();
  EXPECT_FALSE(host.build(code));
  EXPECT_NE(host.faults.lines().front().find("cluster.put-string: "), std::string::npos);
}

}  // namespace
}  // namespace sluice::filters
