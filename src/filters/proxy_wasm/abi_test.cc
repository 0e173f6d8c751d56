// SPDX-License-Identifier: Apache-2.0
// Covers: abi_buffers.cc abi_calls.cc abi_context.cc abi_headers.cc abi_streams.cc failure_log.cc
// Covers: field_map.cc stream.cc values.cc vm.cc vm_calls.cc
// The values that host functions give a guest, and those of a guest that the host keeps.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/memory_budget.h"
#include "filters/proxy_wasm/pairs.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/status.h"
#include "filters/proxy_wasm/testing/plugin_host.h"

namespace sluice::filters::proxy_wasm {
namespace {

using testing::GuestText;
using testing::PluginHost;

constexpr const char* kOn = "(i32.const 0)";

// Of a guest that has the gauge `seen`, number 1, which record() sets.
void define_gauge(GuestText& guest) {
  guest.callback(
      "proxy_on_vm_start", 2,
      "(drop (call $proxy_define_metric (i32.const 1) " + guest("seen") +
          " (i32.const 0))) (drop (call $proxy_record_metric (i32.const 1) (i64.const -1)))"
          "(i32.const 1)");
}

// Puts the result of a host function, plus 100, into the gauge.
std::string record(const std::string& call) {
  return "(drop (call $proxy_record_metric (i32.const 1) (i64.add (i64.const 100)"
         " (i64.extend_i32_u " +
         call + "))))";
}

// Fills guest memory from 1 MiB on with letters. Each line below uses them as one long value.
constexpr const char* kFill =
    "(drop (memory.grow (i32.const 300)))"
    "(memory.fill (i32.const 1048576) (i32.const 97) (i32.const 17825792))";

std::string letters(std::size_t count) {
  return "(i32.const 1048576) (i32.const " + std::to_string(count) + ")";
}

std::string add_field(GuestText& guest, std::size_t bytes) {
  return "(call $proxy_add_header_map_value (i32.const 0) " + guest("x-a") + letters(bytes) + ")";
}

std::string send_local(GuestText& guest, std::size_t bytes) {
  return "(call $proxy_send_local_response (i32.const 200) " + guest("") + letters(bytes) +
         guest("") + " (i32.const -1))";
}

std::string replace_body(int type, std::size_t bytes) {
  return "(call $proxy_set_buffer_bytes (i32.const " + std::to_string(type) +
         ") (i32.const 0) (i32.const 100) " + letters(bytes) + ")";
}

bool was_seen(PluginHost& host, Status status) {
  return host.figures().find("name=\"seen\"} " + std::to_string(100 + static_cast<int>(status))) !=
         std::string::npos;
}

// A guest gives way within its allocator, and the client leaves: its body must not be read then.
TEST(ProxyWasmAbi, ABodyThatGoesWhileTheGuestAllocatesIsNotFound) {
  PluginHost host;
  GuestText guest;
  define_gauge(guest);
  guest.add("(global $spins (mut i32) (i32.const 0))");
  guest.before_memory(
      "(global.set $spins (i32.const 0)) (loop $spin"
      " (global.set $spins (i32.add (global.get $spins) (i32.const 1)))"
      " (br_if $spin (i32.lt_u (global.get $spins) (i32.const 100000000))))");
  guest.callback("proxy_on_request_body", 3,
                 record("(i32.const 99)") +
                     record("(call $proxy_get_buffer_bytes (i32.const 0) (i32.const 0)"
                            " (i32.const 100000) (i32.const 0) (i32.const 4))") +
                     kOn);
  host.use(guest);
  {
    auto exchange = host.exchange();
    exchange->client_request().body.assign(std::string(100'000, 's'));
    Task<std::string_view> handling = host.filter->handle(*exchange);
    handling.start();
    host.wait_until([&] { return host.figures().find("name=\"seen\"} 199") != std::string::npos; });
    EXPECT_FALSE(handling.done());
  }
  host.wait_until([&] { return host.figures().find("name=\"seen\"} 199") == std::string::npos; });
  EXPECT_TRUE(was_seen(host, Status::not_found)) << host.figures();
}

// Runs `call` in proxy_on_request_headers.
void run_in_head(PluginHost& host, GuestText& guest, const std::string& call) {
  define_gauge(guest);
  guest.callback("proxy_on_request_headers", 3, kFill + record(call) + kOn);
  host.use(guest);
  (void)host.run();
}

std::size_t field_bytes(const http::Headers& fields) {
  std::size_t bytes = 0;
  for (const http::Field& field : fields) bytes += field.name.size() + field.value.size();
  return bytes;
}

TEST(ProxyWasmAbi, AValueBeyondTheBoundIsRefused) {
  PluginHost host;
  GuestText guest;
  run_in_head(host, guest, add_field(guest, 2 << 20));
  EXPECT_TRUE(was_seen(host, Status::bad_argument)) << host.figures();
  EXPECT_LT(field_bytes(host.request().headers), 1000U);
}

TEST(ProxyWasmAbi, TheFieldsOfAHeadHaveABoundTogether) {
  PluginHost host;
  GuestText guest;
  std::string text;
  for (int i = 0; i < 11; ++i) text += "(drop " + add_field(guest, 100'000) + ")";
  guest.callback("proxy_on_request_headers", 3, kFill + text + kOn);
  host.use(guest);
  EXPECT_EQ(host.run(), "");
  EXPECT_EQ(host.request().headers.size(), 1 + 10U) << "1 MiB";
}

TEST(ProxyWasmAbi, APartOfTheFirstLineHasABound) {
  PluginHost host;
  GuestText guest;
  run_in_head(host, guest,
              "(call $proxy_replace_header_map_value (i32.const 0) " + guest(":authority") +
                  letters(100'000) + ")");
  EXPECT_TRUE(was_seen(host, Status::bad_argument)) << host.figures();
  EXPECT_EQ(host.request().host, "shop.example:8080");
}

// Each name would be kept until the end of the body.
TEST(ProxyWasmAbi, TheNamesOfAMessageWithTrailersHaveABound) {
  PluginHost host;
  GuestText guest;
  define_gauge(guest);
  const std::string name = guest("x-0000");  // the first text: at 1024 + what define_gauge has
  guest.add("(global $digits (mut i32) (i32.const 0))");
  const std::string at = name.substr(0, name.find(')') + 1);
  // Counts up in the four letters behind "x-".
  guest.callback("proxy_on_request_headers", 3,
                 "(loop $next (i32.store (i32.add " + at +
                     " (i32.const 2))"
                     " (i32.add (i32.const 0x61616161) (i32.or (i32.and (global.get $digits)"
                     " (i32.const 15)) (i32.or (i32.shl (i32.and (global.get $digits)"
                     " (i32.const 240)) (i32.const 4)) (i32.shl (i32.and (global.get $digits)"
                     " (i32.const 3840)) (i32.const 8))))))" +
                     record("(call $proxy_remove_header_map_value (i32.const 0) " + name + ")") +
                     "(global.set $digits (i32.add (global.get $digits) (i32.const 1)))"
                     " (br_if $next (i32.lt_u (global.get $digits) (i32.const 1100))))" +
                     kOn);
  host.use(guest);
  host.last = host.exchange();
  host.request().body.assign("text");
  auto trailers = std::make_unique<http::Headers>();
  trailers->add("X-Tail", "1");
  host.request().body.set_trailers(std::move(trailers));
  EXPECT_EQ(host.run(*host.last), "");
  EXPECT_TRUE(was_seen(host, Status::bad_argument)) << host.figures();
}

TEST(ProxyWasmAbi, ALocalResponseHasABound) {
  PluginHost host;
  GuestText guest;
  run_in_head(host, guest, send_local(guest, (16 << 20) + 1));
  EXPECT_TRUE(was_seen(host, Status::bad_argument)) << host.figures();
  EXPECT_EQ(host.last->response(), nullptr);
}

TEST(ProxyWasmAbi, ALocalResponseIsChargedAndWithoutMemoryIts503) {
  MemoryAccount account;
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_headers", 3,
                 kFill + ("(drop " + send_local(guest, 2 << 20) + ")") + kOn);
  host.use(guest);
  for (const std::size_t limit : {std::size_t{1} << 20, std::size_t{8} << 20}) {
    host.last = host.exchange();
    host.last->memory = std::make_shared<MemoryHolder>(account, limit);
    const bool fits = limit > (2 << 20);
    EXPECT_EQ(host.run(*host.last), fits ? "localResponse" : "wasmError");
    EXPECT_EQ(host.response().status, fits ? 200 : 503);
    EXPECT_EQ(account.held() >= (2 << 20), fits);
  }
  host.last.reset();
  EXPECT_EQ(account.held(), 0U);
}

TEST(ProxyWasmAbi, AMadeBodyIsChargedAndWithoutMemoryIts503) {
  MemoryAccount account;
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_request_body", 3,
                 kFill + ("(drop " + replace_body(0, 2 << 20) + ")") + kOn);
  guest.callback("proxy_on_response_body", 3,
                 kFill + ("(drop " + replace_body(1, 3 << 20) + ")") + kOn);
  host.use(guest);
  for (const std::size_t limit : {std::size_t{1} << 20, std::size_t{8} << 20}) {
    host.last = host.exchange();
    host.last->memory = std::make_shared<MemoryHolder>(account, limit);
    host.request().body.assign("text");
    const bool fits = limit > (2 << 20);
    EXPECT_EQ(host.run(*host.last), fits ? "" : "wasmError");
    EXPECT_EQ(account.held() >= (2 << 20), fits);
    if (fits) {
      EXPECT_EQ(host.respond().body.bytes().size(), 3U << 20);
      EXPECT_GE(account.held(), 5U << 20);
    } else {
      EXPECT_EQ(host.response().status, 503);
    }
  }
  host.last.reset();
  EXPECT_EQ(account.held(), 0U);
}

// Of a metric that a guest has defined.
int count_of(PluginHost& host, const std::string& name) {
  const std::string figures = host.figures();
  const std::string label = "name=\"" + name + "\"} ";
  const auto at = figures.find(label);
  return at != std::string::npos ? std::atoi(figures.c_str() + at + label.size()) : -1;
}

std::string define(GuestText& guest, const std::string& name) {
  return "(drop (call $proxy_define_metric (i32.const 0) " + guest(name) + " (i32.const 0)))";
}

std::string count_up(int metric) {
  return "(drop (call $proxy_increment_metric (i32.const " + std::to_string(metric) +
         ") (i64.const 1)))";
}

constexpr const char* kTick =
    "(drop (call $proxy_set_tick_period_milliseconds (i32.const 10))) (i32.const 1)";
constexpr const char* kDone = "(drop (call $proxy_done))";

TEST(ProxyWasmContexts, EndOnceHoweverOftenTheGuestSaysSo) {
  PluginHost host;
  GuestText guest;
  guest.add("(global $waits (mut i32) (i32.const 0)) (global $id (mut i32) (i32.const 0))");
  guest.callback("proxy_on_vm_start", 2,
                 define(guest, "logs") + define(guest, "deletes") + define(guest, "ticks") + kTick);
  guest.callback("proxy_on_done", 1,
                 "(global.set $waits (i32.const 1)) (global.set $id (local.get $0)) (i32.const 0)");
  guest.callback("proxy_on_tick", 1,
                 std::string("(if (global.get $waits) (then ") +
                     "(drop (call $proxy_set_effective_context (global.get $id)))" + kDone + kDone +
                     kDone + count_up(3) + "))",
                 false);
  guest.callback("proxy_on_log", 1, count_up(1) + kDone, false);
  guest.callback("proxy_on_delete", 1, count_up(2) + kDone, false);
  host.use(guest);
  for (int requests = 1; requests <= 3; ++requests) {
    EXPECT_EQ(host.run(), "");
    host.last.reset();
    host.wait_until([&] { return count_of(host, "deletes") >= requests; });
  }
  host.wait_until([&] { return count_of(host, "ticks") >= 12; });
  EXPECT_EQ(count_of(host, "logs"), 3);
  EXPECT_EQ(count_of(host, "deletes"), 3);
}

TEST(ProxyWasmContexts, HaveNumbersThatNoOtherHasWhenNumbersBeginAnew) {
  loop::EventLoop loop;
  Plugin plugin(nullptr);
  for (const std::uint32_t id : {2U, 3U, 5U})
    plugin.streams.emplace(id, std::make_shared<Stream>(loop, id));
  EXPECT_EQ(plugin.free_context(kRootContext), 4U);
  EXPECT_EQ(plugin.free_context(4), 6U);
  EXPECT_EQ(plugin.free_context(0xffff'fffe), 0xffff'ffff);
  EXPECT_EQ(plugin.free_context(0xffff'ffff), 4U) << "neither 0 nor the root context";
}

TEST(ProxyWasmContexts, EndWhenTheGuestSaysSoBeforeItAsksForTime) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_vm_start", 2, define(guest, "deletes") + "(i32.const 1)");
  guest.callback("proxy_on_done", 1, std::string(kDone) + "(i32.const 0)");
  guest.callback("proxy_on_delete", 1, count_up(1), false);
  host.use(guest);
  EXPECT_EQ(host.run(), "");
  host.last.reset();
  host.wait_until([&] { return count_of(host, "deletes") == 1; });
}

std::string call_pipeline(GuestText& guest, const std::string& name) {
  const std::string head = encode_pairs({{":method", "GET"}, {":path", "/"}, {":authority", "a"}});
  return "(call $proxy_http_call " + guest(name) + guest(head) + guest("") + guest("") +
         "(i32.const 1000) (i32.const 0))";
}

// Nothing can be called here: the call fails, without fields.
TEST(ProxyWasmCalls, OfAGuestThatIsBeingMadeBeginWhenItRuns) {
  PluginHost host;
  GuestText guest;
  define_gauge(guest);
  guest.callback("proxy_on_configure", 2, record(call_pipeline(guest, "other")) + "(i32.const 1)");
  guest.callback("proxy_on_http_call_response", 5,
                 record("(i32.add (i32.const 50) (local.get $2))"), false);
  host.use(guest);
  EXPECT_EQ(count_of(host, "seen"), 100) << "OK";
  host.wait_until([&] { return count_of(host, "seen") == 150; });
  EXPECT_NE(host.figures().find("sluice_plugin_calls_total{pipeline=\"shop\",filter=\"plugin\","
                                "outcome=\"failed\"} 1"),
            std::string::npos);
}

TEST(ProxyWasmCalls, HaveATargetWithABound) {
  PluginHost host;
  GuestText guest;
  define_gauge(guest);
  guest.callback(
      "proxy_on_configure", 2,
      record(call_pipeline(guest, std::string(kCallTargetBytesMax + 1, 'a'))) + "(i32.const 1)");
  host.use(guest);
  EXPECT_TRUE(was_seen(host, Status::bad_argument));
}

TEST(ProxyWasmFailures, OfATickAreToldAndTheNextOneWaits) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_vm_start", 2, kTick);
  guest.callback("proxy_on_tick", 1, "unreachable", false);
  host.use(guest);
  const TimePoint began = Clock::now();
  host.wait_until([&] { return host.prototype->status()["replaced"] >= 6; });
  EXPECT_GE(Clock::now() - began, std::chrono::milliseconds(10 + 20 + 40 + 80 + 160));
  const Json status = host.prototype->status();
  EXPECT_GE(status["traps"], 6);
  EXPECT_NE(std::string(status["lastFailure"]).find("proxy_on_tick: "), std::string::npos);
  EXPECT_EQ(host.run(), "") << "requests are served beside it";
}

TEST(ProxyWasmFailures, OfALastCallbackAreTold) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_log", 1, "unreachable", false);
  host.use(guest);
  EXPECT_EQ(host.run(), "");
  host.last.reset();
  host.wait_until([&] { return host.prototype->status()["traps"] >= 1; });
  EXPECT_NE(std::string(host.prototype->status()["lastFailure"]).find("proxy_on_log: "),
            std::string::npos);
}

// The server stops, or the pipeline is changed again.
TEST(ProxyWasmBuild, AGuestThatLoopsIsGivenUp) {
  PluginHost host;
  GuestText guest;
  guest.callback("proxy_on_vm_start", 2, "(loop $l (br $l)) (i32.const 1)");
  std::stop_source stop;
  const std::jthread stopping([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  EXPECT_EQ(host.build(guest.module(), "timeout: 1h\n", stop.get_token()), nullptr);
  EXPECT_NE(host.faults.lines().front().find("given up"), std::string::npos);
}

}  // namespace
}  // namespace sluice::filters::proxy_wasm
