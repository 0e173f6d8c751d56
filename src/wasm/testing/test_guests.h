// SPDX-License-Identifier: Apache-2.0
// A small ABI and guests in text form, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "wasm/engine.h"
#include "wasm/host_function.h"
#include "wasm/instance.h"
#include "wasm/linker.h"

namespace sluice::wasm::testing {

inline constexpr GuestFunction<std::int32_t()> kRun{0, "run"};
inline constexpr GuestFunction<std::uint32_t(std::uint32_t)> kAlloc{1, "alloc", false};
inline constexpr GuestFunction<void(std::int32_t)> kInit{2, "init", false};

inline std::int32_t add(std::int32_t a, std::int32_t b) { return a + b; }
// Copies the text into memory that the guest allocates.
inline Result<std::uint32_t> copy(HostCall& call, std::span<const char> from) {
  const std::string text(from.data(), from.size());
  SLUICE_TRY(const std::uint32_t address,
             call.call(kAlloc, static_cast<std::uint32_t>(text.size())));
  SLUICE_TRY(const GuestMemory grown, call.memory());
  SLUICE_TRY(const auto to, grown.at(address, text.size()));
  std::copy(text.begin(), text.end(), to.data());
  return address;
}
inline Result<void> refuse() { return fail(ErrorKind::invalid, "not today"); }

inline constexpr HostFunction kHost[] = {host_function<add>("add"), host_function<copy>("copy"),
                                         host_function<refuse>("refuse")};
inline constexpr ImportModule kModules[] = {{.name = "test", .functions = kHost}};
inline constexpr auto kGuest = guest_exports(kRun, kAlloc, kInit);
inline constexpr Abi kAbi{kModules, kGuest};

struct World {
  explicit World(EngineOptions options = {.guests_max = 100, .accept_text = true},
                 const Abi& abi = kAbi)
      : engine(*Engine::create(std::move(options))), linker(*Linker::create(*engine, abi)) {}
  explicit World(const Abi& abi) : World({.guests_max = 100, .accept_text = true}, abi) {}

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
  return run_here(instance.call(kRun, Pace(), Clock::now() + limit));
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
