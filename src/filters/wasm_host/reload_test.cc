// SPDX-License-Identifier: Apache-2.0
// Building, changing and reloading: what is wrong is refused with its reason, and what runs goes
// on.
#include <filesystem>
#include <fstream>

#include "filters/wasm_host/test_host.h"

namespace sluice::filters {
namespace {

namespace fs = std::filesystem;
using testing::guest;
using testing::Host;

class WasmHostBuild : public ::testing::Test {
 protected:
  std::string why(const std::string& code, const std::string& fields = "") {
    return host.build(code, fields) ? "" : host.faults.lines().front();
  }
  Host host;
};

TEST_F(WasmHostBuild, RefusesBadCode) {
  EXPECT_EQ(why("nowhere.wasm"),
            "filters[0].code: no such file: \"nowhere.wasm\" (a URL begins with http:// or "
            "https://, a module in base64 with AGFzbQ)");
  std::string hello;
  for (int i = 0; i < 40; ++i) hello += "aGVsbG8g";  // long enough to be no path
  EXPECT_NE(why(hello).find("not a WebAssembly module: begins with 68 65 6c 6c 6f"),
            std::string::npos);
  EXPECT_NE(why("(module)").find("it does not export the function wasm_run"), std::string::npos);
  EXPECT_NE(why("(module (import \"easegress\" \"host_fly\" (func)))").find("easegress.host_fly"),
            std::string::npos);
}

TEST_F(WasmHostBuild, ProvesTheStart) {
  EXPECT_NE(why(guest("(i32.const 0)", "(func $s unreachable) (start $s)"))
                .find("cannot be instantiated: wasm `unreachable`"),
            std::string::npos);
  EXPECT_NE(why(guest("(i32.const 0)", "(func (export \"_initialize\") unreachable)"))
                .find("_initialize: wasm `unreachable`"),
            std::string::npos);
  EXPECT_NE(why(guest("(i32.const 0)", "(func (export \"wasm_init\") (param i32) unreachable)"))
                .find("wasm_init: wasm `unreachable`"),
            std::string::npos);
  EXPECT_EQ(
      why(guest("(i32.const 0)", "(func (export \"wasm_init\") (param i32) (loop $l (br $l)))"),
          "timeout: 20ms"),
      "filters[0].code: wasm_init: timed out after 2s")
      << "a floor, so that a busy machine refuses no good code";
  EXPECT_NE(why("(module (memory (export \"memory\") 100) (func (export \"wasm_run\") (result i32) "
                "(i32.const 0))"
                "(func (export \"wasm_alloc\") (param i32) (result i32) (i32.const 0)) (func "
                "(export \"wasm_free\") (param i32)))",
                "maxMemory: 1MiB"),
            "");
}

TEST_F(WasmHostBuild, InitMayNotTouchRequests) {
  for (const char* call : {"(drop (call $host_req_get_path))", "(drop (call $host_resp_get_body))",
                           "(drop (call $host_cluster_count_key (i32.const 0)))"}) {
    const std::string text = why(guest(
        "(i32.const 0)", std::string("(func (export \"wasm_init\") (param i32) ") + call + ")"));
    EXPECT_NE(text.find("called in wasm_init"), std::string::npos) << text;
  }
}

TEST_F(WasmHostBuild, ChecksTheSpec) {
  EXPECT_NE(why(guest("(i32.const 0)"), "maxMemory: plenty")
                .find("filters[0].maxMemory: \"plenty\" is not a size"),
            std::string::npos);
  EXPECT_NE(why(guest("(i32.const 0)"), "maxMemory: 1"), "");
  EXPECT_NE(why(guest("(i32.const 0)"), "maxConcurrency: 0").find("maxConcurrency"),
            std::string::npos);
  EXPECT_NE(why(guest("(i32.const 0)"), "timeout: 100").find("timeout"), std::string::npos);
  EXPECT_EQ(why(guest("(i32.const 0)"), "maxMemory: 1048576\nparameters: {ratio: 0.40, on: true}"),
            "");
}

TEST_F(WasmHostBuild, CompletesTheSpec) {
  const auto made = host.build(guest("(i32.const 0)"), "parameters: {ratio: 0.40}");
  const Json spec = made->spec();
  EXPECT_EQ(spec.at("maxConcurrency"), 10);
  EXPECT_EQ(spec.at("timeout"), "100ms");
  EXPECT_EQ(spec.at("maxMemory"), "64MiB");
  EXPECT_EQ(spec.at("parameters").at("ratio"), "0.40");
}

// wasm_init gets {"a": "xy"}: count 2, "a", "xy"; wasm_run returns the count if all is as it must
// be.
TEST_F(WasmHostBuild, HandsTheParametersOver) {
  host.use(guest("(i32.add (i32.load (global.get $p)) (i32.eq (i32.load (i32.add (global.get $p) "
                 "(i32.const 4))) (i32.const 2)))",
                 "(global $p (mut i32) (i32.const 0))"
                 "(func (export \"wasm_init\") (param i32) (global.set $p (local.get 0)))"),
           "parameters: {a: xy}");
  EXPECT_EQ(host.run(), "wasmResult3");
}

class WasmHostReload : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-reload-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory = name;
    write(guest("(i32.const 1)"));
    host.use(file());
  }
  void TearDown() override { fs::remove_all(directory); }
  std::string file() const { return directory + "/code.wasm"; }
  void write(const std::string& code) const { std::ofstream(file(), std::ios::trunc) << code; }
  Host host;
  std::string directory;
};

TEST_F(WasmHostReload, SameBytesChangeNothing) {
  const auto again = host.prototype->reload();
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, nullptr);
}

TEST_F(WasmHostReload, NewBytesMakeANewFilterWithTheOldCounters) {
  EXPECT_EQ(host.run(), "wasmResult1");
  write(guest("(i32.const 2)"));
  const auto fresh = host.prototype->reload();
  ASSERT_TRUE(fresh && *fresh);
  const auto old = std::exchange(host.filter, (*fresh)->instantiate(host.core, host.filter.get()));
  EXPECT_EQ(host.run(), "wasmResult2");
  EXPECT_NE((*fresh)->status().at("codeHash"), host.prototype->status().at("codeHash"));
  EXPECT_EQ((*fresh)->status().at("numOfRequest"), 2);
}

TEST_F(WasmHostReload, BadCodeIsRefusedAndTheOldServesOn) {
  for (const std::string& bad : {std::string("junk"), std::string(),
                                 guest("(i32.const 2)", "(func $s unreachable) (start $s)")}) {
    write(bad);
    const auto refused = host.prototype->reload();
    ASSERT_FALSE(refused);
    EXPECT_FALSE(refused.error().message.empty());
    EXPECT_EQ(host.run(), "wasmResult1");
  }
  fs::remove(file());
  EXPECT_FALSE(host.prototype->reload());
  EXPECT_EQ(host.run(), "wasmResult1");
}

}  // namespace
}  // namespace sluice::filters
