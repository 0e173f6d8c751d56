// SPDX-License-Identifier: Apache-2.0
// Covers: prototype.cc, recipe.cc, running_code.cc, wasm_host.cc
// Building, changing and reloading: a wrong spec or module is refused with the reason, and the
// running filter stays.
#include <filesystem>
#include <fstream>

#include "filters/wasm_host/testing/test_host.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::filters {
namespace {

namespace fs = std::filesystem;
using testing::guest;
using testing::Host;

class WasmHostBuild : public ::testing::Test {
 protected:
  std::string why(const std::string& code, const std::string& fields = "") {
    return host_.build(code, fields) ? "" : host_.faults.lines().front();
  }
  Host host_;
};

TEST_F(WasmHostBuild, RefusesBadCode) {
  EXPECT_EQ(
      why("nowhere.wasm"),
      "filters[0].code: no such file: \"nowhere.wasm\" (sluice-server looks in its own working "
      "directory; a URL begins with http:// or "
      "https://, a module in base64 with AGFzbQ)");
  std::string hello;
  for (int i = 0; i < 40; ++i) hello += "aGVsbG8g";  // too long for a path
  EXPECT_NE(why(hello).find("not a WebAssembly module: begins with 68 65 6c 6c 6f"),
            std::string::npos);
  EXPECT_NE(why("(module)").find("it does not export the function wasm_run"), std::string::npos);
  EXPECT_NE(why("(module (import \"easegress\" \"host_fly\" (func)))").find("easegress.host_fly"),
            std::string::npos);
}

TEST_F(WasmHostBuild, ProvesTheStart) {
  EXPECT_NE(why(guest("(i32.const 0)", "(func $s unreachable) (start $s)"))
                .find("making a guest failed: wasm `unreachable`"),
            std::string::npos);
  EXPECT_NE(why(guest("(i32.const 0)", "(func (export \"_initialize\") unreachable)"))
                .find("_initialize failed: wasm `unreachable`"),
            std::string::npos);
  EXPECT_NE(why(guest("(i32.const 0)", "(func (export \"wasm_init\") (param i32) unreachable)"))
                .find("wasm_init failed: wasm `unreachable`"),
            std::string::npos);
  EXPECT_EQ(
      why(guest("(i32.const 0)", "(func (export \"wasm_init\") (param i32) (loop $l (br $l)))"),
          "timeout: 20ms"),
      "filters[0].code: wasm_init failed: timed out after 2s")
      << "a floor, so that a busy machine refuses no good code";
  EXPECT_NE(why("(module (memory (export \"memory\") 100) (func (export \"wasm_run\") (result i32) "
                "(i32.const 0))"
                "(func (export \"wasm_alloc\") (param i32) (result i32) (i32.const 0)) (func "
                "(export \"wasm_free\") (param i32)))",
                "maxMemory: 1MiB"),
            "");
}

TEST_F(WasmHostBuild, TellsWhatTheGuestSaidAndWhatItsAuthorCanDo) {
  const std::string words = testing::text_at(1000, "'tomorrow' is no date");
  EXPECT_EQ(why(guest("(i32.const 0)",
                      words + "(func (export \"wasm_init\") (param i32)"
                              " (call $host_log (i32.const 3) (i32.const 1000)) unreachable)")),
            "filters[0].code: wasm_init failed; the guest said: 'tomorrow' is no date (wasm "
            "`unreachable` instruction executed, in wasm_init)");
  EXPECT_NE(
      why("(module (memory (export \"memory\") 1040) (func (export \"wasm_run\") (result i32) "
          "(i32.const 0))"
          "(func (export \"wasm_alloc\") (param i32) (result i32) (i32.const 0)) (func "
          "(export \"wasm_free\") (param i32)))")
          .find("begins with 65 MiB, and maxMemory is 64MiB"),
      std::string::npos);
  EXPECT_NE(why("(module (import \"easegress\" \"host_rand\" (func (result f32)))"
                "(memory (export \"memory\") 1) (func (export \"wasm_run\") (result i32) "
                "(i32.const 0))"
                "(func (export \"wasm_alloc\") (param i32) (result i32) (i32.const 0)) (func "
                "(export \"wasm_free\") (param i32)))")
                .find("host_rand"),
            std::string::npos);
  EXPECT_NE(
      why("(module (memory (export \"memory\") 1 2 shared))").find("threads are not supported"),
      std::string::npos);
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
  const auto made = host_.build(guest("(i32.const 0)"), "parameters: {ratio: 0.40}");
  const Json spec = made->spec();
  EXPECT_EQ(spec.at("maxConcurrency"), 10);
  EXPECT_EQ(spec.at("timeout"), "100ms");
  EXPECT_EQ(spec.at("maxMemory"), "64MiB");
  EXPECT_EQ(spec.at("parameters").at("ratio"), "0.40");
}

// wasm_init gets {"a": "xy"}: count 2, "a", "xy". wasm_run returns the count if the encoding is
// right.
TEST_F(WasmHostBuild, HandsTheParametersOver) {
  host_.use(guest("(i32.add (i32.load (global.get $p)) (i32.eq (i32.load (i32.add (global.get $p) "
                  "(i32.const 4))) (i32.const 2)))",
                  "(global $p (mut i32) (i32.const 0))"
                  "(func (export \"wasm_init\") (param i32) (global.set $p (local.get 0)))"),
            "parameters: {a: xy}");
  EXPECT_EQ(host_.run(), "wasmResult3");
}

class WasmHostReload : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sluice-reload-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    write(guest("(i32.const 1)"));
    host_.use(file());
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::string file() const { return directory_ + "/code.wasm"; }
  void write(const std::string& code) const { std::ofstream(file(), std::ios::trunc) << code; }
  Host host_;
  std::string directory_;
};

TEST_F(WasmHostReload, SameBytesChangeNothing) {
  const auto again = host_.prototype->reload();
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, nullptr);
}

TEST_F(WasmHostReload, NewBytesMakeANewFilterWithTheOldCounters) {
  EXPECT_EQ(host_.run(), "wasmResult1");
  write(guest("(i32.const 2)"));
  const auto fresh = host_.prototype->reload();
  ASSERT_TRUE(fresh && *fresh);
  const auto old = std::exchange(host_.filter, (*fresh)->instantiate(host_.core));
  EXPECT_EQ(host_.run(), "wasmResult2");
  EXPECT_NE((*fresh)->status().at("codeHash"), host_.prototype->status().at("codeHash"));
  EXPECT_EQ((*fresh)->status().at("numOfRequest"), 2);
}

TEST_F(WasmHostReload, BadCodeIsRefusedAndTheOldServesOn) {
  for (const std::string& bad : {std::string("junk"), std::string(),
                                 guest("(i32.const 2)", "(func $s unreachable) (start $s)")}) {
    write(bad);
    const auto refused = host_.prototype->reload();
    ASSERT_FALSE(refused);
    EXPECT_FALSE(refused.error().message.empty());
    EXPECT_EQ(host_.run(), "wasmResult1");
  }
  fs::remove(file());
  EXPECT_FALSE(host_.prototype->reload());
  EXPECT_EQ(host_.run(), "wasmResult1");
}

TEST_F(WasmHostReload, OtherFieldsChangeWithoutTheFile) {
  const std::string hash = host_.status("codeHash");
  for (const bool missing : {false, true}) {
    missing ? void(fs::remove(file())) : write(guest("(i32.const 2)"));
    const auto changed = host_.build_next(file(), "timeout: 2s");
    ASSERT_TRUE(changed) << host_.faults.lines().front();
    EXPECT_EQ(changed->status().at("codeHash"), hash);
    EXPECT_NE(changed->note().find(missing ? " is missing; the code of " : " holds other code now"),
              std::string::npos)
        << changed->note();
  }
}

TEST_F(WasmHostReload, TheNextGenerationRunsTheReloadedCode) {
  pipeline::StateDraft refused = host_.states.draft("shop");
  refused.continue_all();
  write("junk");
  EXPECT_FALSE(host_.prototype->reload(refused.scope().of_filter("wasm", "WasmHost")));
  host_.states.put_in_force({{"shop", std::move(refused).finish()}});
  EXPECT_EQ(host_.build_next(file())->status().at("codeHash"), host_.status("codeHash"));
  pipeline::StateDraft draft = host_.states.draft("shop");
  draft.continue_all();
  write(guest("(i32.const 2)"));
  const auto fresh = host_.prototype->reload(draft.scope().of_filter("wasm", "WasmHost"));
  ASSERT_TRUE(fresh && *fresh);
  host_.states.put_in_force({{"shop", std::move(draft).finish()}});
  fs::remove(file());
  const auto next = host_.build_next(file(), "timeout: 2s");
  ASSERT_TRUE(next) << host_.faults.lines().front();
  EXPECT_EQ(next->status().at("codeHash"), (*fresh)->status().at("codeHash"));
}

TEST_F(WasmHostReload, TheNoteGoesWhenTheFileIsBack) {
  EXPECT_EQ(host_.prototype->note(), "");
  fs::rename(file(), file() + ".away");
  EXPECT_NE(host_.prototype->note(), "");
  fs::rename(file() + ".away", file());
  EXPECT_EQ(host_.prototype->note(), "");
}

TEST_F(WasmHostReload, AnotherPathIsRead) {
  const std::string other = directory_ + "/other.wasm";
  fs::copy(file(), other);
  std::ofstream(other, std::ios::app) << " ";
  const auto changed = host_.build_next(other);
  ASSERT_TRUE(changed);
  EXPECT_NE(changed->status().at("codeHash"), host_.status("codeHash"));
}

// A new process finds the code that its predecessor kept.
class WasmHostPin : public WasmHostReload {
 protected:
  void SetUp() override {
    WasmHostReload::SetUp();
    Host before(1, {.guests_max = 200, .accept_text = true}, folder());
    const auto ran = before.build(file());
    ASSERT_TRUE(ran);
    pin_ = ran->pin();
    next_ = std::make_unique<Host>(1, wasm::EngineOptions{.guests_max = 200, .accept_text = true},
                                   folder());
  }
  std::shared_ptr<const pipeline::FilterPrototype> rebuild(bool fresh = false) {
    pipeline::FilterContext context;
    context.pin = &pin_;
    context.fresh = fresh;
    return next_->build(file(), "", context);
  }
  std::string folder() const { return directory_ + "/code"; }
  std::string kept() const { return folder() + "/" + std::string(pin_.at("sha256")) + ".wasm"; }

  Json pin_;
  std::unique_ptr<Host> next_;
};

TEST_F(WasmHostPin, RunsWhateverTheFileHolds) {
  for (const bool missing : {false, true}) {
    missing ? void(fs::remove(file())) : write(guest("(i32.const 2)"));
    const auto again = rebuild();
    ASSERT_TRUE(again) << next_->faults.lines().front();
    EXPECT_EQ(again->pin(), pin_) << "hash and time of loading stay";
    EXPECT_NE(again->note(), "");
  }
}

TEST_F(WasmHostPin, SaysNothingOfSecretsInAUrl) {
  EXPECT_EQ(pin_.dump().find(file()), std::string::npos);
}

TEST_F(WasmHostPin, WhoAsksForFreshCodeGetsIt) {
  write(guest("(i32.const 2)"));
  const auto fresh = rebuild(true);
  ASSERT_TRUE(fresh);
  EXPECT_NE(fresh->pin().at("sha256"), pin_.at("sha256"));
  EXPECT_EQ(fresh->note(), "");
}

TEST_F(WasmHostPin, WithoutTheKeptCopyTheFileIsAsGood) {
  std::ofstream(kept(), std::ios::trunc) << "half";
  const auto again = rebuild();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->pin().at("sha256"), pin_.at("sha256"));
  EXPECT_EQ(again->note(), "");
}

TEST_F(WasmHostPin, OtherCodeThatHasToRunIsSaid) {
  fs::remove(kept());
  write(guest("(i32.const 2)"));
  const auto other = rebuild();
  ASSERT_TRUE(other);
  EXPECT_NE(other->note().find("other code was read"), std::string::npos) << other->note();
  fs::remove(file());
  fs::remove_all(folder());
  EXPECT_FALSE(rebuild());
  EXPECT_NE(next_->faults.lines().front().find("the code that ran before is gone"),
            std::string::npos);
}

TEST_F(WasmHostPin, APinOfAnotherSourceIsNoPin) {
  pin_["source"] = "0123";
  fs::remove(file());
  EXPECT_FALSE(rebuild());
  for (const Json& odd : {Json(), Json(7), Json::object(), Json{{"sha256", 7}}}) {
    pin_ = odd;
    EXPECT_FALSE(rebuild());
  }
}

TEST_F(WasmHostPin, SweepingSparesWhatRunsAndWhatIsStored) {
  auto runs = rebuild();
  next_->kind->sweep({});
  EXPECT_TRUE(fs::exists(kept()));
  runs.reset();
  next_->kind->sweep({pin_.at("sha256").get<std::string>()});
  EXPECT_TRUE(fs::exists(kept()));
  next_->kind->sweep({});
  EXPECT_FALSE(fs::exists(kept()));
}

TEST_F(WasmHostBuild, GuestsAreCounted) {
  const auto some = host_.build(guest("(i32.const 0)"), "maxConcurrency: 150");
  ASSERT_TRUE(some);
  // The same filter again: the two generations overlap.
  EXPECT_TRUE(host_.build(guest("(i32.const 0)"), "maxConcurrency: 150"));
  EXPECT_EQ(why(guest("(i32.const 0)"), "maxConcurrency: 201"),
            "filters[0].maxConcurrency: 201 guests and the 0 of other filters are more than 200, "
            "which is max-guests: lower maxConcurrency, or start the server with a higher "
            "--max-guests");
}

TEST_F(WasmHostReload, AGenerationGrowsAsTheOneBeforeShrinks) {
  host_.use(file(), "maxConcurrency: 50");
  const auto reach = [](Host& at, int vms) -> Task<void> {
    while (at.status("vms") != vms) {
      co_await at.loop.sleep_for(std::chrono::milliseconds(1));
    }
  };
  loop::run_to_completion(host_.loop, reach(host_, 50));
  const auto next = host_.build_next(file(), "maxConcurrency: 50\ntimeout: 2s");
  ASSERT_TRUE(next);
  const auto old = std::exchange(host_.filter, next->instantiate(host_.core));
  EXPECT_LE(host_.status("vms"), 3) << "one of each generation, until the loop turns";
  pipeline::Exchange late(host_.core);
  EXPECT_EQ(loop::run_to_completion(host_.loop, old->handle(late)), "wasmResult1")
      << "who began on the old one finishes there";
  loop::run_to_completion(host_.loop, reach(host_, 51));
}

}  // namespace
}  // namespace sluice::filters
