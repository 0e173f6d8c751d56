// SPDX-License-Identifier: Apache-2.0
// A WasmHost filter on a loop of the test's own, over a store in memory; and guests in text form.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/value.h"
#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/wasm_host.h"
#include "loop/event_loop.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters::testing {

inline std::string wat_bytes(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    char buffer[4];
    std::snprintf(buffer, sizeof buffer, "\\%02x", static_cast<unsigned char>(c));
    out += buffer;
  }
  return out;
}

inline std::string length_bytes(std::size_t length) {
  std::string out;
  for (int i = 0; i < 4; ++i) out += static_cast<char>(length >> (8 * i) & 0xff);
  return out;
}

// Data segments with a string, or data, in the encoding of the ABI.
inline std::string text_at(int address, std::string_view text) {
  return "(data (i32.const " + std::to_string(address) + ") \"" +
         wat_bytes(length_bytes(text.size() + 1) + std::string(text) + std::string(1, '\0')) +
         "\")";
}
inline std::string data_at(int address, std::string_view bytes) {
  return "(data (i32.const " + std::to_string(address) + ") \"" +
         wat_bytes(length_bytes(bytes.size()) + std::string(bytes)) + "\")";
}

// A module that imports all host functions by name, and has an allocator and $body as wasm_run.
inline std::string guest(const std::string& body, const std::string& more = "") {
  std::string text = "(module ";
  const auto types = [](std::string_view letters, const char* keyword) {
    std::string out;
    for (const char c : letters) {
      out += std::string("(") + keyword + (c == 'i' ? " i32" : c == 'I' ? " i64" : " f64") + ")";
    }
    return out;
  };
  for (const wasm::ImportModule& module : easegress_abi().modules) {
    for (const wasm::HostFunction& function : module.functions) {
      const std::string name(function.name);
      text += "(import \"" + std::string(module.name) + "\" \"" + name + "\" (func $" + name + " " +
              types(function.params, "param") + types(function.result, "result") + "))";
    }
  }
  return text +
         "(memory (export \"memory\") 4) (global $top (mut i32) (i32.const 65536))"
         "(func $alloc (export \"wasm_alloc\") (param $n i32) (result i32) (global.get $top)"
         " (global.set $top (i32.add (global.get $top) (i32.and (i32.add (local.get $n) (i32.const "
         "7)) (i32.const -8)))))"
         "(func (export \"wasm_free\") (param i32)) " +
         more +
         " (func $run (export \"wasm_run\") (result i32) (global.set $top (i32.const 65536)) " +
         body + "))";
}

struct Host {
  explicit Host(unsigned core_count = 1,
                wasm::EngineOptions options = {.guests_max = 200, .accept_text = true},
                const std::string& code_folder = {}, std::unique_ptr<store::Store> its_store = {})
      : core{loop, 0, core_count},
        engine(*wasm::Engine::create(std::move(options))),
        store(its_store ? std::move(its_store) : store::open_memory_store(core_count)),
        kind(*make_wasm_host_kind(*engine, *store, Logger(), core_count, code_folder)) {}

  static config::Value value_of(const std::string& code, const std::string& fields) {
    std::string quoted;
    for (const char c : code) quoted += c == '\'' ? "''" : std::string(1, c);
    auto value =
        config::parse_document("name: wasm\nkind: WasmHost\ncode: '" + quoted + "'\n" + fields);
    EXPECT_TRUE(value) << value.error().message;
    return *value;
  }
  // Builds a filter that nothing precedes.
  std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& code,
                                                         const std::string& fields = "") {
    return build(code, fields, pipeline::FilterContext());
  }
  // Builds the next generation of the filter in use, and does not install it.
  std::shared_ptr<const pipeline::FilterPrototype> build_next(const std::string& code,
                                                              const std::string& fields = "") {
    pipeline::StateDraft draft = states.draft("shop");
    return build_in(draft, code, fields);
  }
  std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& code,
                                                         const std::string& fields,
                                                         pipeline::FilterContext context) {
    faults = config::Faults();
    context.pipeline = "shop";
    context.name = "wasm";
    context.path = "filters[0]";
    return kind->build(value_of(code, fields), context, faults);
  }
  // Builds and installs a filter that nothing precedes. Without a `timeout` in `fields`, no run
  // times out, however slow the machine is.
  void use(const std::string& code, const std::string& fields = "") {
    pipeline::StateDraft draft;
    prototype = build_in(draft, code, fields);
    ASSERT_TRUE(prototype) << faults.lines().front();
    filter = prototype->instantiate(core);
    states.put_in_force({{"shop", std::move(draft).finish()}});
  }
  std::string run(pipeline::Exchange& exchange) {
    return std::string(loop::run_to_completion(loop, filter->handle(exchange)));
  }
  // Runs one fresh request. The exchange stays in `last`.
  std::string run() {
    last = exchange();
    return run(*last);
  }
  std::unique_ptr<pipeline::Exchange> exchange() {
    auto fresh = std::make_unique<pipeline::Exchange>(core);
    http::Request& request = fresh->client_request();
    request.method = "GET";
    request.host = "shop.example:8080";
    request.scheme = "http";
    EXPECT_TRUE(request.set_target("/a%20b/c?x=1&y"));
    request.headers.add("user-agent", "test");
    request.headers.add("Cookie", "a=1; b=2");
    fresh->real_ip = "10.1.2.3";
    return fresh;
  }
  http::Response& response() { return *last->response(); }
  std::string tag() { return last->tags().empty() ? "" : last->tags().back(); }
  Json status(const char* field) { return prototype->status().at(field); }
  std::string stored(const std::string& key) {
    auto page = store->list("shop/wasm", "", "", 1000);
    for (const auto& entry : page->entries) {
      if (entry.key == key) return entry.value;
    }
    return "(absent)";
  }

  std::shared_ptr<const pipeline::FilterPrototype> build_in(pipeline::StateDraft& draft,
                                                            const std::string& code,
                                                            const std::string& fields) {
    pipeline::FilterContext context;
    context.states = draft.scope().of_filter("wasm", "WasmHost");
    const std::string timeout = fields.contains("timeout:") ? "" : "timeout: 1h\n";
    return build(code, timeout + fields, context);
  }

  loop::EventLoop loop;
  loop::Core core;
  pipeline::StateRegistry states;
  std::unique_ptr<wasm::Engine> engine;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<pipeline::FilterKind> kind;
  std::shared_ptr<const pipeline::FilterPrototype> prototype;
  std::unique_ptr<pipeline::Filter> filter;
  std::unique_ptr<pipeline::Exchange> last;
  config::Faults faults;
};

}  // namespace sluice::filters::testing
