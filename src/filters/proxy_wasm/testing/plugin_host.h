// SPDX-License-Identifier: Apache-2.0
// A ProxyWasm filter on a loop of the test's own; and guests in text form.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "config/value.h"
#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/proxy_wasm.h"
#include "loop/event_loop.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"
#include "pipeline/figures.h"
#include "store/store.h"

namespace sluice::filters::proxy_wasm::testing {

// The text of a guest: its data, and functions that the test gives it.
class GuestText {
 public:
  // Puts `text` into the guest's memory. Returns its address and size as two operands.
  std::string operator()(std::string_view text) {
    const std::string at = std::to_string(next_);
    data_ += "(data (i32.const " + at + ") \"";
    for (const char c : text) {
      char buffer[4];
      std::snprintf(buffer, sizeof buffer, "\\%02x", static_cast<unsigned char>(c));
      data_ += buffer;
    }
    data_ += "\")";
    next_ += text.size() + 8;
    return "(i32.const " + at + ") (i32.const " + std::to_string(text.size()) + ")";
  }
  // An exported callback with `count` i32 parameters, $0 to $4, and a result.
  void callback(const std::string& name, int count, const std::string& body, bool result = true) {
    std::string params;
    for (int i = 0; i < count; ++i) params += " (param $" + std::to_string(i) + " i32)";
    functions_ += "(func (export \"" + name + "\")" + params + (result ? " (result i32) " : " ") +
                  body + ")\n";
  }
  void add(const std::string& text) { functions_ += text + "\n"; }
  // Runs in proxy_on_memory_allocate, before memory is given.
  void before_memory(const std::string& text) { before_memory_ = text; }

  // The module, with every host function as $name, an allocator, and a page for results at 0.
  [[nodiscard]] std::string module(const std::string& version = "0_2_1") const {
    std::string text = "(module ";
    for (const wasm::ImportModule& module : abi().modules) {
      for (const wasm::HostFunction& function : module.functions) text += import(function);
    }
    return text + "(memory (export \"memory\") 4) (global $top (mut i32) (i32.const 131072))" +
           data_ + "(func (export \"proxy_abi_version_" + version + "\"))" +
           "(func (export \"proxy_on_memory_allocate\") (param $n i32) (result i32) " +
           before_memory_ +
           " (global.get $top)"
           " (global.set $top (i32.add (global.get $top) (local.get $n))))" +
           functions_ + ")";
  }

 private:
  static std::string import(const wasm::HostFunction& function) {
    const std::string name(function.name);
    std::string text = "(import \"env\" \"" + name + "\" (func $" + name;
    for (const char c : function.params) text += c == 'I' ? " (param i64)" : " (param i32)";
    return text + " (result i32)))";
  }

  std::string data_;
  std::string functions_;
  std::string before_memory_;
  std::size_t next_ = 1024;
};

struct PluginHost {
  explicit PluginHost(unsigned core_count = 1)
      : core{loop, 0, core_count},
        engine(*wasm::Engine::create({.guests_max = 200, .accept_text = true})),
        store(store::open_memory_store(core_count)),
        kind(*make_proxy_wasm_kind(*engine, *store, Logger(), core_count)) {}

  std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& code,
                                                         const std::string& fields = "",
                                                         std::stop_token stop = {}) {
    std::string quoted;
    for (const char c : code) quoted += c == '\'' ? "''" : std::string(1, c);
    auto value =
        config::parse_document("name: plugin\nkind: ProxyWasm\ncode: '" + quoted + "'\n" + fields);
    EXPECT_TRUE(value) << value.error().message;
    faults = config::Faults();
    pipeline::FilterContext context;
    context.pipeline = "shop";
    context.name = "plugin";
    context.path = "filters[0]";
    context.stop = std::move(stop);
    return kind->build(*value, context, faults);
  }
  void use(const GuestText& guest, const std::string& fields = "timeout: 60s\n") {
    prototype = build(guest.module(), fields);
    ASSERT_TRUE(prototype) << faults.lines().front();
    filter = prototype->instantiate(core);
  }
  std::unique_ptr<pipeline::Exchange> exchange() {
    auto fresh = std::make_unique<pipeline::Exchange>(core);
    http::Request& request = fresh->client_request();
    request.method = "GET";
    request.host = "shop.example:8080";
    request.scheme = "http";
    EXPECT_TRUE(request.set_target("/a?x=1"));
    request.headers.add("User-Agent", "test");
    fresh->real_ip = "10.1.2.3";
    fresh->peer = "10.1.2.3:4567";
    return fresh;
  }
  std::string run(pipeline::Exchange& its) {
    return std::string(loop::run_to_completion(loop, filter->handle(its)));
  }
  // Runs one fresh request, which stays in `last`.
  std::string run() {
    last = exchange();
    return run(*last);
  }
  // Runs the response side of `last`, on a response of another filter.
  http::Response& respond(std::string body = "body", int status = 200) {
    http::Response& response = last->new_response();
    response.status = status;
    response.body.assign(std::move(body));
    loop::run_to_completion(loop, last->response_sides().back().side->respond(*last));
    return *last->response();
  }
  http::Request& request() { return last->client_request(); }
  http::Response& response() { return *last->response(); }
  std::string tag() { return last->tags().empty() ? "" : last->tags().back(); }
  std::string figures() {
    observe::Exposition out;
    dynamic_cast<const pipeline::WithFigures&>(*prototype).expose({"shop", "plugin"}, out);
    return out.text();
  }
  // Lets the loop go on until `condition` holds.
  template <class Condition>
  void wait_until(const Condition& condition) {
    loop::run_to_completion(loop, poll_until(condition));
  }

  loop::EventLoop loop;
  loop::Core core;
  std::unique_ptr<wasm::Engine> engine;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<pipeline::FilterKind> kind;
  std::shared_ptr<const pipeline::FilterPrototype> prototype;
  std::unique_ptr<pipeline::Filter> filter;
  config::Faults faults;
  std::unique_ptr<pipeline::Exchange> last;

 private:
  template <class Condition>
  Task<void> poll_until(const Condition& condition) {
    while (!condition()) co_await loop.sleep_for(std::chrono::milliseconds(1));
  }
};

}  // namespace sluice::filters::proxy_wasm::testing
