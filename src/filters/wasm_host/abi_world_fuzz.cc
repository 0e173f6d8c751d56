// SPDX-License-Identifier: Apache-2.0
// The input is the body of the request: a program of calls to the host functions of the world,
// which a component reads and runs. Each call is one byte for the function, then its arguments. The
// process must neither crash nor hang on any input.
#include <cstdint>
#include <cstdlib>
#include <set>
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

std::string number(std::size_t value) { return std::to_string(value); }

std::string wit_type(char letter) {
  switch (letter) {
    case 't':
      return "(list u8)";
    case 'a':
      return "(list (list u8))";
    case 'i':
      return "s32";
    case 'u':
      return "u32";
    case 'I':
      return "s64";
    default:
      return "f64";
  }
}

std::string core_type(char letter) {
  return letter == 't' ? "i32 i32" : letter == 'I' ? "i64" : letter == 'F' ? "f64" : "i32";
}

bool by_pointer(char letter) { return letter == 't' || letter == 'a'; }

struct Shape {
  explicit Shape(std::string_view text)
      : params(text.substr(0, text.find('>'))), result(text.substr(text.find('>') + 1)) {}
  std::string_view params;
  std::string_view result;
};

// The parts of the component that stand for one function of the world.
struct FunctionText {
  FunctionText(const wasm::WitImport& import, std::size_t index) : id("$f" + number(index)) {
    const Shape shape(import.shape);
    type = "(export \"" + std::string(import.name) + "\" (func";
    for (std::size_t i = 0; i < shape.params.size(); ++i)
      type += " (param \"p" + number(i) + "\" " + wit_type(shape.params[i]) + ")";
    if (!shape.result.empty()) type += " (result " + wit_type(shape.result[0]) + ")";
    type += "))";
    lowered = "(core func " + id + " (canon lower (func $" + std::string(import.interface) + " \"" +
              std::string(import.name) +
              "\") (memory (core memory $libc \"memory\")) (realloc (core func $libc "
              "\"realloc\"))))";
    imported = "(import \"host\" \"" + number(index) + "\" (func " + id;
    std::string arguments;
    std::size_t offset = 0;
    for (const char letter : shape.params) {
      imported += " (param " + core_type(letter) + ")";
      arguments += argument(letter, offset);
      offset += letter == 't' ? 4 : 8;
    }
    if (!shape.result.empty() && by_pointer(shape.result[0])) {
      imported += " (param i32)";
      arguments += "(i32.const 8)";
    } else if (!shape.result.empty()) {
      imported += " (result " + core_type(shape.result[0]) + ")";
    }
    imported += "))";
    const bool drops = !shape.result.empty() && !by_pointer(shape.result[0]);
    const std::string call = "(call " + id + " " + arguments + ")";
    called = "(if (i32.eq (local.get $which) (i32.const " + number(index) + ")) (then " +
             (drops ? "(drop " + call + ")" : call) +
             "(local.set $at (i32.add (local.get $at) (i32.const " + number(offset) + ")))))";
  }

  // Of a text, the place and the size are within the memory.
  static std::string argument(char letter, std::size_t offset) {
    const std::string place = " offset=" + number(offset) + " (local.get $at))";
    if (letter == 't') {
      return "(i32.and (i32.load" + place + " (i32.const 0xffff)) (i32.shr_u (i32.load" + place +
             " (i32.const 16))";
    }
    return "(" + core_type(letter) + ".load" + place;
  }

  std::string id;
  std::string type;
  std::string lowered;
  std::string imported;
  std::string called;
};

std::string component_text() {
  const wasm::WitWorld& world = gateway_world();
  std::string outer;
  std::string lowered;
  std::string given;
  std::string inner;
  std::string cases;
  std::string body_function;
  std::set<std::string_view> interfaces;
  for (const auto& import : world.imports) interfaces.insert(import.interface);
  for (const std::string_view interface : interfaces) {
    outer += "(import \"" + std::string(world.package) + "/" + std::string(interface) + "@" +
             std::string(world.version) + "\" (instance $" + std::string(interface);
    for (std::size_t i = 0; i < world.imports.size(); ++i) {
      if (world.imports[i].interface == interface) outer += FunctionText(world.imports[i], i).type;
    }
    outer += "))";
  }
  for (std::size_t i = 0; i < world.imports.size(); ++i) {
    const FunctionText text(world.imports[i], i);
    lowered += text.lowered;
    given += "(export \"" + number(i) + "\" (func " + text.id + "))";
    inner += text.imported;
    cases += text.called;
    if (world.imports[i].function == "host_req_get_body") body_function = text.id;
  }
  const std::string options =
      "(memory (core memory $libc \"memory\")) (realloc (core func $libc \"realloc\"))))";
  return "(component " + outer +
         "(core module $Libc (memory (export \"memory\") 16 32) (global $top (mut i32) (i32.const "
         "131072))"
         "(func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (global.get $top)"
         " (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get 3))"
         " (i32.const 7)) (i32.const -8)))))(core instance $libc (instantiate $Libc))" +
         lowered + "(core instance $host " + given + ")" +
         "(core module $Main (import \"libc\" \"memory\" (memory 16)) " + inner +
         "(func (export \"configure\") (param i32 i32) (result i32) (i32.const 16))"
         "(func (export \"run\") (result i32) (local $which i32) (local $at i32) (local $end i32)"
         " (call " +
         body_function +
         " (i32.const 8)) (local.set $at (i32.load (i32.const 8)))"
         " (local.set $end (i32.add (local.get $at) (i32.load (i32.const 12))))"
         " (block $done (loop $next (br_if $done (i32.ge_u (local.get $at) (local.get $end)))"
         "  (local.set $which (i32.load8_u (local.get $at)))"
         "  (local.set $at (i32.add (local.get $at) (i32.const 1)))" +
         cases +
         "  (br $next))) (i32.store (i32.const 16) (i32.const 0)) (i32.const 16)))"
         "(core instance $main (instantiate $Main (with \"libc\" (instance $libc))"
         " (with \"host\" (instance $host))))"
         "(func (export \"run\") (result (result s32 (error string)))"
         " (canon lift (core func $main \"run\") " +
         options +
         "(func (export \"configure\") (param \"params\" (list (tuple string string)))"
         " (result (result (error string))) (canon lift (core func $main \"configure\") " +
         options + ")";
}

struct Setting {
  Setting() {
    engine = *wasm::Engine::create({.guests_max = 4, .accept_text = true});
    linker = *wasm::Linker::create(*engine, easegress_abi());
    auto linked = linker->link(*wasm::Module::compile(*engine, component_text()));
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

void run_program(Setting& setting, std::string program) {
  const wasm::Pace pace;
  const TimePoint deadline = Clock::now() + std::chrono::seconds(5);
  auto made = wasm::run_here(
      wasm::Instance::create(setting.module, {.memory_bytes_max = 2 << 20}, pace, deadline));
  if (!made) std::abort();
  wasm::Instance& guest = **made;
  pipeline::Exchange exchange(setting.core);
  exchange.client_request().headers.add("Cookie", "a=1");
  exchange.client_request().body.assign(std::move(program));
  exchange.ensure_response();
  Undo undo(exchange);
  store::Transaction transaction(setting.store->view(setting.core, "fuzz/wasm"));
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
  static Setting setting;
  run_program(setting, std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
