// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/filter.h"

#include <deque>
#include <thread>

#include "base/time.h"
#include "filters/wasm_host/testing/test_host.h"
#include "loop/testing/settle.h"

namespace sluice::filters {
namespace {

using namespace std::chrono_literals;
using testing::guest;
using testing::Host;
using testing::text_at;

constexpr const char* kLoop = "(loop $l (br $l)) (i32.const 0)";

TEST(WasmHostFilter, ResultsAreNamed) {
  Host host;
  host.use(guest("(i32.const 0)"));
  EXPECT_EQ(host.run(), "");
  EXPECT_EQ(host.response().status, 200);
  host.use(guest("(i32.const 9)"));
  EXPECT_EQ(host.run(), "wasmResult9");
  EXPECT_EQ(host.response().status, 200);
}

TEST(WasmHostFilter, OtherReturnValuesAreErrors) {
  Host host;
  host.use(guest("(i32.const 10)"));
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.response().status, 503);
  EXPECT_EQ(host.tag(), "wasm: returned 10, which is no result (0 to 9)");
  host.use(guest("(i32.const -1)"));
  EXPECT_EQ(host.run(), "wasmError");
}

TEST(WasmHostFilter, ATrapTakesEverythingBackAndAnswers503) {
  Host host;
  host.use(
      guest("(call $host_resp_set_body (i32.const 100)) (call $host_req_set_method (i32.const 100))"
            "(call $host_add_tag (i32.const 100))"
            "(call $host_cluster_put_string (i32.const 100) (i32.const 100)) unreachable",
            text_at(100, "hello")));
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.response().status, 503);
  EXPECT_EQ(host.response().body.bytes(), "");
  EXPECT_EQ(host.last->request()->method, "GET");
  ASSERT_EQ(host.last->tags().size(), 1u);
  EXPECT_TRUE(host.tag().starts_with("wasm: trap: wasm `unreachable` instruction executed, in "))
      << host.tag();
  EXPECT_EQ(host.stored("hello"), "(absent)");
  EXPECT_EQ(host.status("numOfWasmError"), 1);
}

TEST(WasmHostFilter, ALimitOfTheStoreIsNamedWithTheSize) {
  Host host;
  host.use(guest("(call $host_cluster_put_string (i32.const 1000) (i32.const 8)) (i32.const 0)",
                 text_at(8, "v") + text_at(1000, std::string(4097, 'k'))));
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.tag(), "wasm: shared data: a key of 4,097 bytes, at most 4,096");
}

TEST(WasmHostFilter, WhatAFailedGuestSaidIsTold) {
  Host host;
  host.use(guest("(call $host_log (i32.const 3) (i32.const 1000)) unreachable",
                 text_at(1000, "the stock of laptop-42 is unknown")));
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_TRUE(host.tag().ends_with("; the guest said: the stock of laptop-42 is unknown"))
      << host.tag();
}

// A request that has to wait for the replacement may time out before it has a guest.
void wait_for_replacements(Host& host, int count) {
  while (host.status("vmsReplaced") < count) loop::testing::settle(host.loop);
}

TEST(WasmHostFilter, TimesOutAndIsReplaced) {
  Host host;
  host.use(guest(kLoop), "timeout: 10ms\nmaxConcurrency: 1");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(host.run(), "wasmError");
    EXPECT_EQ(host.tag(), "wasm: timed out after 10ms");
    wait_for_replacements(host, i + 1);
  }
  EXPECT_EQ(host.status("numOfTimeout"), 3);
}

TEST(WasmHostFilter, AThousandTimeoutsLeaveAllGuests) {
  Host host;
  // Loops only if the query is not empty (the length prefix of "" is 1).
  host.use(guest("(if (i32.ne (i32.load (call $host_req_get_query)) (i32.const 1)) (then (loop $l "
                 "(br $l)))) (i32.const 0)"),
           "timeout: 1ms\nmaxConcurrency: 3");
  int timeouts = 0;
  while (timeouts < 1000) {
    ASSERT_EQ(host.run(), "wasmError");
    wait_for_replacements(host, ++timeouts);
  }
  for (int served = 0; served < 10;) {
    pipeline::Exchange good(host.core);
    const std::string result = host.run(good);
    ASSERT_NE(result, "outOfVM");
    if (result.empty()) {
      ++served;
    } else {  // even a short run may take 1 ms
      wait_for_replacements(host, ++timeouts);
    }
  }
  EXPECT_EQ(host.status("numOfTimeout"), timeouts);
  EXPECT_EQ(host.status("vms"), 3);
}

TEST(WasmHostFilter, ALoopingGuestHoldsUpNobodyElse) {
  Host host;
  host.use(guest("(if (i32.ne (i32.load (call $host_req_get_query)) (i32.const 1)) (then (loop $l "
                 "(br $l)))) (i32.const 0)"),
           "maxConcurrency: 2");
  pipeline::Exchange bad(host.core);
  bad.client_request().query = "x";
  bool ended = false;
  int served = 0;
  const auto spin = [&]() -> Task<void> {
    (void)co_await host.filter->handle(bad);
    ended = true;
  };
  const auto serve = [&]() -> Task<void> {
    while (served < 10 && !ended) {
      pipeline::Exchange good(host.core);
      const std::string_view result = co_await host.filter->handle(good);
      EXPECT_EQ(result, "");
      ++served;
      co_await host.loop.yield();
    }
    host.loop.stop();
  };
  Task<void> spinning = spin();
  spinning.start();
  host.loop.spawn(serve());
  host.loop.run();
  EXPECT_EQ(served, 10);
  EXPECT_FALSE(ended);
}

TEST(WasmHostFilter, WaitsForAGuestButNotForEver) {
  Host host;
  host.use(guest(kLoop), "timeout: 30ms\nmaxConcurrency: 1");
  int done = 0;
  const auto one = [&]() -> Task<void> {
    pipeline::Exchange exchange(host.core);
    const std::string_view result = co_await host.filter->handle(exchange);
    EXPECT_TRUE(result == "outOfVM" || result == "wasmError") << result;
    EXPECT_EQ(exchange.response()->status, 503);
    if (++done == 10) host.loop.stop();
  };
  for (int i = 0; i < 10; ++i) host.loop.spawn(one());
  host.loop.run();
  EXPECT_GT(host.status("numOfOutOfVM"), 0);
}

TEST(WasmHostFilter, OutOfVmSaysWhyNoneCanBeMade) {
  Host host;
  // Guests can be created only until `end`.
  const auto code = [](std::int64_t end) {
    return guest("unreachable",
                 "(func (export \"wasm_init\") (param i32) (if (i64.gt_s (call "
                 "$host_get_unix_time_in_ms) (i64.const " +
                     std::to_string(end) + ")) (then unreachable)))");
  };
  std::int64_t end = 0;
  for (int ms = 100; !host.prototype; ms *= 2) {  // until the time is long enough for this machine
    end = unix_time_ms() + ms;
    host.prototype = host.build(code(end), "timeout: 1h\nmaxConcurrency: 1");
  }
  host.filter = host.prototype->instantiate(host.core);
  EXPECT_EQ(host.status("health"), "ready");
  while (unix_time_ms() <= end) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(host.run(), "wasmError");
  EXPECT_EQ(host.run(), "outOfVM");
  EXPECT_EQ(host.response().status, 503);
  EXPECT_TRUE(
      host.tag().starts_with("wasm: no guest can be made: wasm_init failed: wasm `unreachable`"))
      << host.tag();
  EXPECT_NE(host.status("health"), "ready");
  EXPECT_EQ(host.status("vms"), 0);
}

TEST(WasmHostFilter, AClientThatLeavesFreesItsGuest) {
  Host host;
  host.use(guest("(if (i32.ne (i32.load (call $host_req_get_query)) (i32.const 1)) (then (loop $l "
                 "(br $l)))) (i32.const 0)"),
           "maxConcurrency: 1");
  for (int i = 0; i < 50; ++i) {
    pipeline::Exchange leaving(host.core);
    leaving.client_request().query = "x";
    Task<std::string_view> task = host.filter->handle(leaving);
    task.start();
    EXPECT_FALSE(task.done());
    Task<std::string_view> queued = host.filter->handle(leaving);
    queued.start();
    EXPECT_FALSE(queued.done());
  }
  pipeline::Exchange good(host.core);
  EXPECT_EQ(host.run(good), "");
}

TEST(WasmHostFilter, KnownUsersMayWaitWhereOthersMayNot) {
  Host host;
  host.use(guest("(if (i32.ne (i32.load (call $host_req_get_query)) (i32.const 1)) (then (loop $l "
                 "(br $l)))) (i32.const 0)"),
           "maxConcurrency: 1\nmaxWaiting: 1\nknown: {prefix: id/, header: User}");
  ASSERT_TRUE(host.store->apply("shop/wasm", {{"id/u1", "true"}}));
  std::deque<pipeline::Exchange> exchanges;
  std::deque<Task<std::string_view>> tasks;
  // Returns the result, or "waits".
  const auto come = [&](const std::string& user, const std::string& query = "") {
    pipeline::Exchange& exchange = exchanges.emplace_back(host.core);
    exchange.client_request().query = query;
    exchange.client_request().headers.add("User", user);
    tasks.push_back(host.filter->handle(exchange));
    tasks.back().start();
    return tasks.back().done() ? std::string(tasks.back().take()) : "waits";
  };
  EXPECT_EQ(come("u2", "x"), "waits") << "for its guest, which is at work";
  EXPECT_EQ(come("u2"), "waits");
  EXPECT_EQ(host.status("waiting"), 1);
  EXPECT_EQ(come("u2"), "outOfVM");
  EXPECT_EQ(come("u1"), "waits");
  EXPECT_EQ(come("u1"), "outOfVM");
  EXPECT_EQ(host.status("waiting"), 2);
  tasks.clear();
  EXPECT_EQ(host.status("waiting"), 0);
}

// Its memory and its globals may be anything.
TEST(WasmHostFilter, AGuestThatFailedIsReplaced) {
  Host host;
  const std::string counted =
      "(global.set $runs (i32.add (global.get $runs) (i32.const 1)))"
      "(i32.add (i32.const 9) (global.get $runs))";
  const std::string runs = "(global $runs (mut i32) (i32.const 0))";
  host.use(guest(counted, runs), "maxConcurrency: 1");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(host.run(), "wasmError");
    EXPECT_EQ(host.tag(), "wasm: returned 10, which is no result (0 to 9)");
  }
  host.use(guest("(global.set $runs (i32.add (global.get $runs) (i32.const 1)))"
                 "(if (i32.eq (global.get $runs) (i32.const 1)) (then unreachable)) (i32.const 0)",
                 runs),
           "maxConcurrency: 1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(host.run(), "wasmError");
}

// A guest that adds 1 to n. With a query it then tags the exchange with the query, waits until the
// query begins with another letter, and ends with `after`.
std::string held_counter(const std::string& after) {
  return guest("(call $count)",
               "(func $letter (result i32) (global.set $top (i32.const 65536))"
               " (i32.load8_u offset=4 (call $host_req_get_query)))"
               "(func $count (result i32) (local $n i64) (local $letter i32)"
               "(local.set $n (call $host_cluster_add_integer (i32.const 100) (i64.const 1)))"
               "(local.set $letter (call $letter))"
               "(if (local.get $letter) (then"
               " (call $host_add_tag (call $host_req_get_query))"
               " (loop $l (br_if $l (i32.eq (call $letter) (local.get $letter))))" +
                   after + ")) (i32.const 0))" + text_at(100, "n") + text_at(200, "m"));
}

// A request whose runs each wait, after they have read n, until the test lets them end. So others
// change n between a run's read and its commit, however long either takes.
struct HeldRun {
  explicit HeldRun(const std::string& after = "") {
    host.use(held_counter(after), "maxConcurrency: 2");
    exchange.client_request().query = "a";
    task = host.filter->handle(exchange);
    task.start();
  }
  bool has_read() {
    return !exchange.tags().empty() && exchange.tags().back() == exchange.client_request().query;
  }
  // Returns false if the request has ended instead.
  bool wait_for_read() {
    while (!task.done() && !has_read()) loop::testing::settle(host.loop);
    return !task.done();
  }
  // Lets the run end. If the request runs again, that run waits as well.
  void release() { ++exchange.client_request().query.front(); }
  // Waits until one more run has lost, and its request has gone on as far as it can without a run.
  void lose() {
    const Json before = host.status("conflicts");
    release();
    while (!task.done() && host.status("conflicts") == before) loop::testing::settle(host.loop);
    for (int i = 0; i < 10 && !task.done() && !has_read(); ++i) loop::testing::settle(host.loop);
  }
  // Returns the result.
  std::string_view finish() {
    release();
    while (!task.done()) loop::testing::settle(host.loop);
    return task.take();
  }

  Host host;
  pipeline::Exchange exchange{host.core};
  Task<std::string_view> task;
};

// The run has read of two versions, and runs again.
TEST(WasmHostFilter, ATrapOnAStaleReadIsNoFault) {
  HeldRun held(
      "(drop (call $host_cluster_add_integer (i32.const 200) (i64.const 1)))"
      "(if (i64.eq (local.get $n) (i64.const 1)) (then unreachable))");
  ASSERT_TRUE(held.wait_for_read());
  pipeline::Exchange quick(held.host.core);
  EXPECT_EQ(held.host.run(quick), "");
  held.release();
  ASSERT_TRUE(held.wait_for_read()) << held.task.take();
  EXPECT_EQ(held.finish(), "");
  EXPECT_EQ(held.host.status("numOfWasmError"), 0);
  EXPECT_EQ(held.host.stored("n"), "2");
  EXPECT_EQ(held.host.stored("m"), "1");
}

TEST(WasmHostFilter, ARunThatLosesAgainAndAgainGetsATurn) {
  HeldRun held;
  for (int i = 0; i < store::kConflictsBeforeTurn; ++i) {
    ASSERT_TRUE(held.wait_for_read());
    EXPECT_EQ(held.host.status("queueTurns"), 0);
    pipeline::Exchange quick(held.host.core);
    EXPECT_EQ(held.host.run(quick), "");
    held.lose();
  }
  ASSERT_EQ(held.host.status("queueTurns"), 1);
  ASSERT_TRUE(held.wait_for_read());
  // During the turn, another run waits.
  const Json before = held.host.status("conflicts");
  pipeline::Exchange other(held.host.core);
  Task<std::string_view> waiting = held.host.filter->handle(other);
  waiting.start();
  while (!waiting.done() && held.host.status("conflicts") == before) {
    loop::testing::settle(held.host.loop);
  }
  EXPECT_FALSE(waiting.done());
  EXPECT_EQ(held.finish(), "");
  while (!waiting.done()) loop::testing::settle(held.host.loop);
  EXPECT_EQ(waiting.take(), "");
  EXPECT_EQ(held.host.stored("n"), std::to_string(store::kConflictsBeforeTurn + 2));
}

// Changes of an administrator wait for no turn.
TEST(WasmHostFilter, ARunThatLosesInItsTurnGetsAnother) {
  HeldRun held;
  for (int i = 0; i <= store::kConflictsBeforeTurn; ++i) {
    ASSERT_TRUE(held.wait_for_read());
    ASSERT_TRUE(held.host.store->apply("shop/wasm", {{"n", "1000"}}));
    held.lose();
  }
  ASSERT_EQ(held.host.status("queueTurns"), 2);
  ASSERT_TRUE(held.wait_for_read());
  EXPECT_EQ(held.finish(), "");
  EXPECT_EQ(held.host.stored("n"), "1001");
}

// All runs read before any commits, so most run again. The changes of each count once.
TEST(WasmHostFilter, ARerunAppliesItsChangesOnce) {
  Host host;
  host.use(
      guest("(drop (call $host_cluster_add_integer (i32.const 100) (i64.const 1)))"
            "(call $host_add_tag (i32.const 100)) (call $host_resp_add_header (i32.const 100) "
            "(i32.const 100))"
            "(call $host_req_add_header (i32.const 100) (i32.const 100))"
            "(call $host_req_set_body (i32.const 200)) (call $spin) (i32.const 0)",
            text_at(100, "n") + testing::data_at(200, "body") +
                "(func $spin (local $i i32) (local.set $i (i32.const 8000000))"
                " (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))"),
      "maxConcurrency: 8");
  constexpr int kRuns = 20;
  int done = 0;
  const auto one = [&]() -> Task<void> {
    pipeline::Exchange exchange(host.core);
    EXPECT_EQ(co_await host.filter->handle(exchange), "");
    EXPECT_EQ(exchange.tags().size(), 1u);
    EXPECT_EQ(exchange.response()->headers.size(), 1u);
    EXPECT_EQ(exchange.request()->headers.size(), 1u);
    EXPECT_EQ(exchange.request()->body.bytes(), "body");
    if (++done == kRuns) host.loop.stop();
  };
  for (int i = 0; i < kRuns; ++i) host.loop.spawn(one());
  host.loop.run();
  EXPECT_EQ(host.stored("n"), "20");
  EXPECT_GT(host.status("reruns"), 0);
}

}  // namespace
}  // namespace sluice::filters
