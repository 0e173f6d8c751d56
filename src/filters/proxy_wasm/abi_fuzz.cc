// SPDX-License-Identifier: Apache-2.0
// The input is the guest's memory: a program of calls to host functions, in the context of a
// request whose body is whole. Each call is one byte for the function, then its arguments. Byte 0
// selects how the allocator misbehaves. The process must neither crash nor hang on any input.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/exports.h"
#include "filters/proxy_wasm/plugin.h"
#include "loop/event_loop.h"
#include "wasm/engine.h"
#include "wasm/instance.h"
#include "wasm/linker.h"

namespace {

using namespace sluice;
using namespace sluice::filters::proxy_wasm;

constexpr std::uint32_t kProgramMax = 32 << 10;
constexpr std::uint32_t kContext = 2;

std::string import_of(const wasm::HostFunction& function, std::size_t index) {
  std::string text =
      "(import \"env\" \"" + std::string(function.name) + "\" (func $f" + std::to_string(index);
  for (const char type : function.params) text += type == 'I' ? " (param i64)" : " (param i32)";
  return text + " (result i32)))";
}

// A case that calls function `index`, with arguments read at $at.
std::string case_of(const wasm::HostFunction& function, std::size_t index) {
  std::string arguments;
  int offset = 0;
  for (const char type : function.params) {
    arguments += std::string(type == 'I' ? "(i64" : "(i32") +
                 ".load (i32.add (global.get $at) (i32.const " + std::to_string(offset) + ")))";
    offset += type == 'I' ? 8 : 4;
  }
  return "(if (i32.eq (local.get $which) (i32.const " + std::to_string(index) +
         ")) (then (drop (call $f" + std::to_string(index) + " " + arguments +
         ")) (global.set $at (i32.add (global.get $at) (i32.const " + std::to_string(offset) +
         ")))))";
}

std::string module_text() {
  std::string imports;
  std::string cases;
  std::size_t index = 0;
  for (const wasm::ImportModule& module : abi().modules) {
    for (const wasm::HostFunction& function : module.functions) {
      imports += import_of(function, index);
      cases += case_of(function, index);
      ++index;
    }
  }
  return "(module " + imports +
         "(memory (export \"memory\") 2 16) (global $at (mut i32) (i32.const 1)) (global $top (mut "
         "i32) (i32.const 65536))"
         "(func (export \"proxy_on_memory_allocate\") (param i32) (result i32)"
         " (if (i32.and (i32.load8_u (i32.const 0)) (i32.const 1)) (then (return (i32.load "
         "(global.get $at)))))"
         " (if (i32.and (i32.load8_u (i32.const 0)) (i32.const 2)) (then (drop (memory.grow "
         "(i32.const 1)))))"
         " (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 0))))"
         "(func (export \"proxy_on_request_body\") (param i32 i32 i32) (result i32)"
         " (local $which i32)"
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
    linker = *wasm::Linker::create(*engine, abi());
    auto linked = linker->link(*wasm::Module::compile(*engine, module_text()));
    if (!linked) std::abort();
    module = *linked;
  }
  loop::EventLoop loop;
  loop::Core core{loop, 0, 1};
  std::unique_ptr<wasm::Engine> engine;
  std::unique_ptr<const wasm::Linker> linker;
  std::shared_ptr<const wasm::LinkedModule> module;
};

std::shared_ptr<const PluginSetup> make_setup() {
  PluginSetup setup{};
  setup.pipeline = "fuzz";
  setup.name = "fuzz/plugin";
  setup.configuration = "configuration";
  setup.shared_data = std::make_shared<SharedData>();
  setup.metrics = std::make_shared<PluginMetrics>(kMetricsMax);
  return std::make_shared<const PluginSetup>(std::move(setup));
}

void run(World& world, const std::uint8_t* bytes, std::size_t size) {
  const wasm::Pace pace;
  const TimePoint deadline = Clock::now() + std::chrono::seconds(5);
  Plugin plugin(make_setup());
  CallResponse answer;
  pipeline::Exchange exchange(world.core);
  exchange.client_request().headers.add("X-A", "1");
  exchange.client_request().set_path("/path");
  exchange.ensure_response();
  auto stream = std::make_shared<Stream>(world.loop, kContext);
  stream->exchange = &exchange;
  stream->request_open = true;
  stream->request_body = EditedBytes{"body"};
  stream->request_trailers = std::make_unique<http::Headers>();
  plugin.streams.emplace(kContext, stream);
  plugin.active = kContext;
  plugin.call_response = &answer;

  auto made = wasm::run_here(wasm::Instance::create(
      world.module, {.memory_bytes_max = 1 << 20, .context = &plugin}, pace, deadline));
  if (!made) std::abort();
  wasm::Instance& guest = **made;
  const auto program = *guest.memory().at(0, kProgramMax);
  std::memcpy(program.data(), bytes, std::min<std::size_t>(size, program.size()));
  (void)wasm::run_here(guest.call(kOnRequestBody, pace, deadline, kContext, 4, 1));
  made->reset();
  stream->part(true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  run(world, data, size);
  return 0;
}
