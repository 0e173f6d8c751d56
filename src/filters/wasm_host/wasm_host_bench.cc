// SPDX-License-Identifier: Apache-2.0
// CPU time of one whole run of the flash-sale program: filter, fibre, host calls, transaction.
// Usage: wasm_host_bench [keys in the store [module.wasm]]
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "config/value.h"
#include "filters/wasm_host/wasm_host.h"
#include "loop/event_loop.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace {

using namespace sluice;

// The sold-out path as a C program has it: time, header, key, getString, countKey, setBody.
constexpr const char* kFlashSale = R"((module
  (import "easegress" "host_get_unix_time_in_ms" (func $now (result i64)))
  (import "easegress" "host_req_get_header" (func $header (param i32) (result i32)))
  (import "easegress" "host_cluster_get_string" (func $get (param i32) (result i32)))
  (import "easegress" "host_cluster_count_key" (func $count (param i32) (result i32)))
  (import "easegress" "host_resp_set_body" (func $body (param i32)))
  (memory (export "memory") 1) (global $top (mut i32) (i32.const 8192))
  (data (i32.const 16) "\0e\00\00\00Authorization\00") (data (i32.const 64) "\04\00\00\00id/\00")
  (data (i32.const 96) "\0a\00\00\00sold out.\0a")
  (func (export "wasm_alloc") (param i32) (result i32) (global.get $top)
    (global.set $top (i32.add (global.get $top)
      (i32.and (i32.add (local.get 0) (i32.const 7)) (i32.const -8)))))
  (func (export "wasm_free") (param i32))
  (func (export "wasm_run") (result i32) (local $h i32) (local $n i32)
    (global.set $top (i32.const 8192))
    (if (i64.lt_s (call $now) (i64.const 1000)) (then (return (i32.const 1))))
    (local.set $h (call $header (i32.const 16)))
    (local.set $n (i32.load (local.get $h)))
    (i32.store (i32.const 4096) (i32.add (local.get $n) (i32.const 3)))
    (memory.copy (i32.const 4100) (i32.const 68) (i32.const 3))
    (memory.copy (i32.const 4103) (i32.add (local.get $h) (i32.const 4)) (local.get $n))
    (if (i32.gt_u (i32.load (call $get (i32.const 4096))) (i32.const 1))
      (then (return (i32.const 0))))
    (if (i32.lt_s (call $count (i32.const 64)) (i32.const 0)) (then (return (i32.const 1))))
    (call $body (i32.const 96)) (i32.const 2))))";

config::Value spec_of(const std::string& code) {
  const std::string text = "name: wasm\nkind: WasmHost\nmaxConcurrency: 2\ncode: '" + code +
                           "'\nparameters: {startTime: '2021-08-08T00:00:00+00:00', blockRatio: "
                           "'0.4', maxPermission: '3'}\n";
  return *config::parse_document(text);
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void fill(store::Store& store, int keys) {
  std::vector<store::Entry> entries;
  for (int i = 0; i < keys; ++i) entries.push_back({"id/user" + std::to_string(i), "true"});
  if (!store.prepare("shop/wasm") || !store.apply("shop/wasm", std::move(entries))) std::abort();
}

// Many users, so that the lookups spread over a large store.
std::vector<std::string> late_users() {
  std::vector<std::string> users;
  for (int i = 0; i < 100'000; ++i) users.push_back("late" + std::to_string(i));
  return users;
}

}  // namespace

int main(int argc, char** argv) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  const auto engine = *wasm::Engine::create({.accept_text = true});
  const auto store = store::open_memory_store(1);
  fill(*store, argc > 1 ? std::atoi(argv[1]) : 10);
  const auto users = late_users();
  const auto kind = *filters::make_wasm_host_kind(*engine, *store, Logger(), 1);
  config::Faults faults;
  const auto prototype =
      kind->build(spec_of(argc > 2 ? argv[2] : kFlashSale), {"shop", "wasm", "", nullptr}, faults);
  if (!prototype) {
    std::fprintf(stderr, "%s\n", faults.lines().front().c_str());
    return EXIT_FAILURE;
  }
  const auto filter = prototype->instantiate(core);
  pipeline::Exchange exchange(core);
  constexpr int kRuns = 300'000;
  constexpr int kRounds = 5;
  for (int round = 0; round < kRounds; ++round) {
    const double begin = cpu_seconds();
    int refused = 0;
    for (int i = 0; i < kRuns; ++i) {
      exchange.clear();
      exchange.client_request().headers.add("Authorization",
                                            users[static_cast<std::size_t>(i) % users.size()]);
      auto task = filter->handle(exchange);
      task.start();
      while (!task.done())
        loop::run_to_completion(
            loop, [](loop::EventLoop& on) -> Task<void> { co_await on.yield(); }(loop));
      refused += task.take() == "wasmResult2" ? 1 : 0;
    }
    std::printf("%.3f us a run (%d of %d sold out)\n", (cpu_seconds() - begin) / kRuns * 1e6,
                refused, kRuns);
  }
  std::printf("%s\n", prototype->status().dump().c_str());
  return EXIT_SUCCESS;
}
