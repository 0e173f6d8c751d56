// SPDX-License-Identifier: Apache-2.0
// Covers: abi.cc guest.cc prototype.cc proxy_wasm.cc
#include "filters/proxy_wasm/filter.h"

#include <gtest/gtest.h>

#include <string>

#include "filters/proxy_wasm/testing/plugin_host.h"

namespace sluice::filters::proxy_wasm {
namespace {

using testing::GuestText;
using testing::PluginHost;

constexpr const char* kGoOn = "(i32.const 0)";
constexpr const char* kPause = "(i32.const 1)";

// Sets a field of the request (map 0) or response (map 2).
std::string set_field(GuestText& guest, int map, std::string_view name, std::string_view value) {
  return "(drop (call $proxy_replace_header_map_value (i32.const " + std::to_string(map) + ") " +
         guest(name) + " " + guest(value) + "))";
}

std::string answer(GuestText& guest, int status, std::string_view body) {
  return "(drop (call $proxy_send_local_response (i32.const " + std::to_string(status) + ") " +
         guest("") + " " + guest(body) + " " + guest("") + " (i32.const -1)))";
}

// Makes a guest that counts, as metric 1, each run of the callback.
void count_runs(GuestText& guest, const std::string& callback, int parameters, bool result) {
  guest.callback("proxy_on_vm_start", 2,
                 "(drop (call $proxy_define_metric (i32.const 0) " + guest("runs") +
                     " (i32.const 0))) (i32.const 1)");
  guest.callback(callback, parameters,
                 std::string("(drop (call $proxy_increment_metric (i32.const 1) (i64.const 1)))") +
                     (result ? "(i32.const 1)" : ""),
                 result);
}

TEST(ProxyWasmFilter, ChangesTheRequestAndTheResponse) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_headers", 3, set_field(guest, 0, "x-seen", "yes") + kGoOn);
  guest.callback("proxy_on_response_headers", 3, set_field(guest, 2, ":status", "404") + kGoOn);
  host.use(guest);
  EXPECT_EQ(host.run(), "");
  EXPECT_EQ(host.request().headers.get("X-Seen"), "yes");
  EXPECT_EQ(host.respond().status, 404);
}

TEST(ProxyWasmFilter, ReplacesBodies) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_body", 3,
                 "(drop (call $proxy_set_buffer_bytes (i32.const 0) (i32.const 0) (i32.const 1) " +
                     guest("H") + "))" + kGoOn);
  guest.callback("proxy_on_response_body", 3,
                 "(drop (call $proxy_set_buffer_bytes (i32.const 1) (local.get $1) (i32.const 0) " +
                     guest("!") + "))" + kGoOn);
  host.use(guest);
  host.last = host.exchange();
  host.request().body.assign("hello");
  EXPECT_EQ(host.run(*host.last), "");
  EXPECT_EQ(host.request().body.bytes(), "Hello");
  EXPECT_EQ(host.respond("world").body.bytes(), "world!");
}

TEST(ProxyWasmFilter, ABodyBeyondTheLimitIsRefused) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_body", 3, kGoOn);
  host.use(guest, "maxBodySize: 4B\n");
  host.last = host.exchange();
  host.request().body.assign("12345");
  EXPECT_EQ(host.run(*host.last), "bodyTooLarge");
  EXPECT_EQ(host.response().status, 413);
  host.last = host.exchange();
  host.request().body.assign("1234");
  EXPECT_EQ(host.run(*host.last), "");
}

TEST(ProxyWasmFilter, AnswersItself) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_headers", 3, answer(guest, 403, "no") + kPause);
  host.use(guest);
  EXPECT_EQ(host.run(), "localResponse");
  EXPECT_EQ(host.response().status, 403);
  EXPECT_EQ(host.response().body.bytes(), "no");
}

TEST(ProxyWasmFilter, AnswersInPlaceOfTheResponse) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_response_headers", 3, answer(guest, 418, "tea") + kGoOn);
  host.use(guest);
  EXPECT_EQ(host.run(), "");
  EXPECT_EQ(host.respond().status, 418);
  EXPECT_EQ(host.response().body.bytes(), "tea");
}

TEST(ProxyWasmFilter, ResumesWhatItPaused) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_vm_start", 2,
                 "(drop (call $proxy_set_tick_period_milliseconds (i32.const 10))) (i32.const 1)");
  guest.add("(global $paused (mut i32) (i32.const 0))");
  guest.callback("proxy_on_request_headers", 3,
                 std::string("(global.set $paused (local.get $0))") + kPause);
  guest.callback("proxy_on_tick", 1,
                 "(drop (call $proxy_set_effective_context (global.get $paused)))"
                 "(drop (call $proxy_continue_stream (i32.const 0)))",
                 false);
  host.use(guest);
  EXPECT_EQ(host.run(), "");
}

TEST(ProxyWasmFilter, APauseHasAnEnd) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_headers", 3, kPause);
  host.use(guest, "timeout: 60s\nmaxPause: 10ms\n");
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.response().status, 503);
  EXPECT_EQ(host.tag(), "proxyWasm: the guest paused the request for longer than 10ms");
}

// Pauses a body that is not the last part; in the trailers, `action`.
void wait_for_trailers(GuestText& guest, const std::string& action) {
  guest.callback("proxy_on_request_body", 3, "(i32.eqz (local.get $2))");
  guest.callback("proxy_on_request_trailers", 2, set_field(guest, 1, "x-seen", "yes") + action);
  guest.callback("proxy_on_response_body", 3, "(i32.eqz (local.get $2))");
  guest.callback("proxy_on_response_trailers", 2, set_field(guest, 3, "x-seen", "yes") + action);
}

std::unique_ptr<http::Headers> tail() {
  auto fields = std::make_unique<http::Headers>();
  fields->add("X-Tail", "end");
  return fields;
}

void ask_with_trailers(PluginHost& host) {
  host.last = host.exchange();
  host.request().body.assign("hello");
  host.request().body.set_trailers(tail());
}

TEST(ProxyWasmFilter, ABodyMayWaitForItsTrailers) {
  PluginHost host;
  GuestText guest;
  wait_for_trailers(guest, kGoOn);
  host.use(guest);
  ask_with_trailers(host);
  EXPECT_EQ(host.run(*host.last), "");
  EXPECT_EQ(host.request().body.bytes(), "hello");
  EXPECT_EQ(host.request().body.take_trailers()->get("X-Seen"), "yes");
  host.last->new_response().body.assign("world");
  host.response().body.set_trailers(tail());
  loop::run_to_completion(host.loop, host.last->response_sides().back().side->respond(*host.last));
  EXPECT_EQ(host.response().status, 200);
  EXPECT_EQ(host.response().body.bytes(), "world");
  EXPECT_EQ(host.response().body.take_trailers()->get("X-Seen"), "yes");
}

TEST(ProxyWasmFilter, TrailersMayBePausedToo) {
  PluginHost host;
  GuestText guest;
  wait_for_trailers(guest, kPause);
  host.use(guest, "timeout: 60s\nmaxPause: 10ms\n");
  ask_with_trailers(host);
  EXPECT_EQ(host.run(*host.last), "wasmError");
  EXPECT_EQ(host.tag(), "proxyWasm: the guest paused the request for longer than 10ms");
}

TEST(ProxyWasmFilter, ABodyWaitsForItsResumptionIfTheGuestTakesNoTrailers) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_body", 3, kPause);
  host.use(guest, "timeout: 60s\nmaxPause: 10ms\n");
  ask_with_trailers(host);
  EXPECT_EQ(host.run(*host.last), "wasmError");
}

TEST(ProxyWasmFilter, ATrapEndsTheGuestAndAnotherFollows) {
  PluginHost host;
  GuestText guest;
  guest.add("(global $runs (mut i32) (i32.const 0))");
  guest.callback("proxy_on_request_headers", 3,
                 "(if (i32.eqz (global.get $runs)) (then (global.set $runs (i32.const 1))"
                 "(drop (call $proxy_log (i32.const 5) " +
                     guest("I give up") + ")) unreachable))" + set_field(guest, 0, "x", "1") +
                     kGoOn);
  host.use(guest);
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.response().status, 503);
  EXPECT_NE(host.tag().find("unreachable"), std::string::npos) << host.tag();
  EXPECT_NE(host.tag().find("the guest said: I give up"), std::string::npos) << host.tag();
  // The next one fails in the same way, in a guest of its own: its globals are new.
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.prototype->status()["traps"], 2);
  host.wait_until([&] { return host.prototype->status()["replaced"] == 2; });
}

TEST(ProxyWasmFilter, ALoopWithoutEndIsStopped) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_headers", 3, std::string("(loop $l (br $l))") + kGoOn);
  host.use(guest, "timeout: 20ms\n");
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_NE(host.tag().find("timed out after 20ms"), std::string::npos) << host.tag();
}

TEST(ProxyWasmFilter, ARequestThatLeavesIsTakenFromTheGuest) {
  PluginHost host;
  GuestText guest;
  count_runs(guest, "proxy_on_delete", 1, false);
  guest.callback("proxy_on_request_headers", 3, kPause);
  host.use(guest);
  {
    auto exchange = host.exchange();
    Task<std::string_view> handling = host.filter->handle(*exchange);
    handling.start();
    EXPECT_FALSE(handling.done());
  }
  host.wait_until([&] { return host.figures().find("name=\"runs\"} 1") != std::string::npos; });
}

TEST(ProxyWasmFilter, AContextEndsWithItsExchange) {
  PluginHost host;
  GuestText guest;
  count_runs(guest, "proxy_on_log", 1, false);
  host.use(guest);
  EXPECT_EQ(host.run(), "");
  host.respond();
  EXPECT_EQ(host.figures().find("name=\"runs\"} 1"), std::string::npos);
  host.last->clear();
  host.wait_until([&] { return host.figures().find("name=\"runs\"} 1") != std::string::npos; });
}

void expect_old_to_run(int parameters) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_headers", parameters, set_field(guest, 0, "x-old", "1") + kGoOn);
  host.prototype = host.build(guest.module("0_1_0"), "timeout: 60s\n");
  ASSERT_TRUE(host.prototype) << host.faults.lines().front();
  host.filter = host.prototype->instantiate(host.core);
  EXPECT_EQ(host.run(), "");
  EXPECT_EQ(host.request().headers.get("x-old"), "1");
}

TEST(ProxyWasmFilter, TheOldAbiRunsToo) { expect_old_to_run(2); }
TEST(ProxyWasmFilter, TheOldAbiMayGetTheEndOfTheStream) { expect_old_to_run(3); }

std::string refusal(PluginHost& host, const std::string& code, const std::string& fields = "") {
  EXPECT_FALSE(host.build(code, fields));
  return host.faults.empty() ? "" : host.faults.lines().front();
}

TEST(ProxyWasmBuild, ModulesOfOtherKindsAreRefused) {
  PluginHost host;
  const auto contains = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(contains(refusal(host, "(module (memory (export \"memory\") 1))"),
                       "it does not export proxy_abi_version_0_2_1"));
  EXPECT_TRUE(contains(refusal(host, GuestText().module("0_9_0")), "proxy-wasm 0_9_0"));
  EXPECT_TRUE(contains(refusal(host,
                               "(module (import \"env\" \"proxy_magic\" (func)) (memory (export "
                               "\"memory\") 1))"),
                       "env.proxy_magic"));
  GuestText old;
  old.callback("proxy_on_request_headers", 2, kGoOn);
  EXPECT_TRUE(contains(refusal(host, old.module()), "must be (i32, i32, i32) -> i32"));
  GuestText odd;
  odd.callback("proxy_on_response_headers", 1, kGoOn);
  EXPECT_TRUE(contains(refusal(host, odd.module("0_1_0")), "must be (i32, i32) -> i32"));
}

TEST(ProxyWasmBuild, AGuestMayRefuseItsConfiguration) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_configure", 2,
                 "(drop (call $proxy_log (i32.const 4) " + guest("no key") +
                     ")) (i32.eq (local.get "
                     "$1) (i32.const 7))");
  const std::string why = refusal(host, guest.module(), "configuration: abc\n");
  EXPECT_NE(why.find("proxy_on_configure returned false; the guest said: no key"),
            std::string::npos)
      << why;
  EXPECT_TRUE(host.build(guest.module(), "configuration: {a: 1}\n")) << "{\"a\":1}";
}

TEST(ProxyWasmBuild, SizesAreChecked) {
  PluginHost host;
  const std::string code = GuestText().module();
  EXPECT_NE(refusal(host, code, "maxMemory: much\n").find("maxMemory"), std::string::npos);
  EXPECT_NE(refusal(host, code, "maxBodySize: 1GiB\n").find("maxBodySize"), std::string::npos);
  EXPECT_NE(refusal(host, "builtin:lua").find("for a WasmHost"), std::string::npos);
}

}  // namespace
}  // namespace sluice::filters::proxy_wasm
