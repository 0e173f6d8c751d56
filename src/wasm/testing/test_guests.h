// SPDX-License-Identifier: Apache-2.0
// A small ABI and guests in text form, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include "wasm/engine.h"
#include "wasm/instance.h"
#include "wasm/linker.h"

namespace sluice::wasm::testing {

enum : std::size_t { kRun, kAlloc, kInit };

inline Result<void> add(HostCall& call) {
  call.return_i32(call.i32(0) + call.i32(1));
  return {};
}
// Copies the text at the address into memory that the guest allocates.
inline Result<void> copy(HostCall& call) {
  SLUICE_TRY(const GuestMemory memory, call.memory());
  SLUICE_TRY(const auto from, memory.at(call.u32(0), call.u32(1)));
  const std::string text(from.data(), from.size());
  SLUICE_TRY(const std::uint32_t address,
             call.call(kAlloc, static_cast<std::uint32_t>(text.size())));
  SLUICE_TRY(const GuestMemory grown, call.memory());
  SLUICE_TRY(const auto to, grown.at(address, text.size()));
  std::copy(text.begin(), text.end(), to.data());
  call.return_u32(address);
  return {};
}
inline Result<void> refuse(HostCall&) { return fail(ErrorKind::invalid, "not today"); }

inline constexpr HostFunction kHost[] = {
    {"add", "ii", "i", add}, {"copy", "ii", "i", copy}, {"refuse", "", "", refuse}};
inline constexpr GuestFunction kGuest[] = {
    {"run", "", "i", true}, {"alloc", "i", "i", false}, {"init", "i", "", false}};
inline constexpr Abi kAbi{"test", kHost, kGuest};

struct World {
  explicit World(EngineOptions options = {.guests_max = 100, .accept_text = true})
      : engine(*Engine::create(std::move(options))), linker(*Linker::create(*engine, kAbi)) {}

  Result<std::shared_ptr<const LinkedModule>> link(const std::string& text) const {
    SLUICE_TRY(auto module, Module::compile(*engine, text));
    return linker->link(std::move(module));
  }
  Result<std::unique_ptr<Instance>> instantiate(const std::string& text,
                                                InstanceOptions options = {},
                                                Duration limit = std::chrono::seconds(5)) const {
    SLUICE_TRY(auto module, link(text));
    return run_here(
        Instance::create(std::move(module), std::move(options), Pace(), Clock::now() + limit));
  }
  std::unique_ptr<Instance> must(const std::string& text, InstanceOptions options = {}) const {
    auto made = instantiate(text, std::move(options));
    if (!made) {
      ADD_FAILURE() << made.error().message;
      std::abort();
    }
    return std::move(*made);
  }

  std::unique_ptr<Engine> engine;
  std::unique_ptr<const Linker> linker;
};

inline Result<std::int32_t> run(Instance& instance, Duration limit = std::chrono::seconds(5)) {
  return run_here(instance.call(kRun, 0, Pace(), Clock::now() + limit));
}

// (module …) with a memory and the body of run.
inline std::string guest(const std::string& run_body, const std::string& more = "") {
  return "(module (import \"test\" \"add\" (func $add (param i32 i32) (result i32)))"
         "(import \"test\" \"copy\" (func $copy (param i32 i32) (result i32)))"
         "(import \"test\" \"refuse\" (func $refuse))"
         "(memory (export \"memory\") 1) " +
         more + "(func $run (export \"run\") (result i32) " + run_body + "))";
}

}  // namespace sluice::wasm::testing
