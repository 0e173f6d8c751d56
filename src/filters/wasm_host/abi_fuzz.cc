// SPDX-License-Identifier: Apache-2.0
// The input is the guest's memory: a program of calls to host functions. Each call is one byte for
// the function, then its arguments. The process must neither crash nor hang on any input.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/host_context.h"
#include "loop/event_loop.h"
#include "wasm/engine.h"
#include "wasm/instance.h"
#include "wasm/linker.h"

namespace {

using namespace sluice;
using namespace sluice::filters;

constexpr std::uint32_t kProgramMax = 32 << 10;

const char* spell(char type) { return type == 'i' ? "i32" : type == 'I' ? "i64" : "f64"; }

std::string import_of(std::string_view module, const wasm::HostFunction& function,
                      std::size_t index) {
  std::string text = "(import \"" + std::string(module) + "\" \"" + std::string(function.name) +
                     "\" (func $f" + std::to_string(index);
  for (const char type : function.params) text += std::string(" (param ") + spell(type) + ")";
  for (const char type : function.result) text += std::string(" (result ") + spell(type) + ")";
  return text + "))";
}

// A case that calls function `index`, with arguments read at $at.
std::string case_of(const wasm::HostFunction& function, std::size_t index) {
  std::string arguments;
  int offset = 0;
  for (const char type : function.params) {
    arguments += std::string("(") + spell(type) + ".load (i32.add (global.get $at) (i32.const " +
                 std::to_string(offset) + ")))";
    offset += type == 'i' ? 4 : 8;
  }
  std::string call = "(call $f" + std::to_string(index) + " " + arguments + ")";
  if (!function.result.empty()) call = "(drop " + call + ")";
  return "(if (i32.eq (local.get $which) (i32.const " + std::to_string(index) + ")) (then " + call +
         "(global.set $at (i32.add (global.get $at) (i32.const " + std::to_string(offset) + ")))))";
}

// Byte 0 of the input selects how the allocator misbehaves.
std::string module_text() {
  std::string imports;
  std::string cases;
  std::size_t index = 0;
  for (const wasm::ImportModule& module : easegress_abi().modules) {
    for (const wasm::HostFunction& function : module.functions) {
      imports += import_of(module.name, function, index);
      cases += case_of(function, index);
      ++index;
    }
  }
  return "(module " + imports +
         "(memory (export \"memory\") 2 16) (global $at (mut i32) (i32.const 1)) (global $top (mut "
         "i32) (i32.const 65536))"
         "(func (export \"wasm_alloc\") (param i32) (result i32)"
         " (if (i32.and (i32.load8_u (i32.const 0)) (i32.const 1)) (then (return (i32.load "
         "(global.get $at)))))"
         " (if (i32.and (i32.load8_u (i32.const 0)) (i32.const 2)) (then (drop (memory.grow "
         "(i32.const 1)))))"
         " (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 0))))"
         "(func (export \"wasm_free\") (param i32))"
         "(func (export \"wasm_run\") (result i32) (local $which i32)"
         " (loop $next"
         "  (local.set $which (i32.load8_u (global.get $at)))"
         "  (global.set $at (i32.add (global.get $at) (i32.const 1)))" +
         cases + "  (br_if $next (i32.lt_u (global.get $at) (i32.const " +
         std::to_string(kProgramMax) +
         "))))"
         " (i32.const 0)))";
}

struct World {
  World() {
    engine = *wasm::Engine::create({.guests_max = 4, .accept_text = true});
    linker = *wasm::Linker::create(*engine, easegress_abi());
    auto linked = linker->link(*wasm::Module::compile(*engine, module_text()));
    if (!linked) std::abort();
    module = *linked;
    store = store::open_memory_store(1);
    if (!store->prepare("fuzz/wasm")) std::abort();
  }
  loop::EventLoop loop;
  loop::Core core{loop, 0, 1};
  std::unique_ptr<wasm::Engine> engine;
  std::unique_ptr<const wasm::Linker> linker;
  std::shared_ptr<const wasm::LinkedModule> module;
  std::unique_ptr<store::Store> store;
};

void run(World& world, const std::uint8_t* bytes, std::size_t size) {
  const wasm::Pace pace;
  const TimePoint deadline = Clock::now() + std::chrono::seconds(5);
  auto made = wasm::run_here(
      wasm::Instance::create(world.module, {.memory_bytes_max = 1 << 20}, pace, deadline));
  if (!made) std::abort();
  wasm::Instance& guest = **made;
  const auto program = *guest.memory().at(0, kProgramMax);
  std::memcpy(program.data(), bytes, std::min<std::size_t>(size, program.size()));

  pipeline::Exchange exchange(world.core);
  exchange.client_request().headers.add("Cookie", "a=1");
  exchange.ensure_response();
  Undo undo(exchange);
  store::Transaction transaction(world.store->view(world.core, "fuzz/wasm"));
  LogGate gate(1);
  std::mt19937_64 random(1);
  const Logger logger;
  HostContext context(logger, gate, random, exchange, undo, transaction);
  guest.set_context(&context);
  (void)wasm::run_here(guest.call(kGuestRun, pace, deadline));
  undo.restore();
  if (exchange.client_request().headers.get("Cookie") != "a=1" || !exchange.tags().empty())
    std::abort();
  made->reset();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  run(world, data, size);
  return 0;
}
