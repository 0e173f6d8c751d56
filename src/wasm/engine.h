// SPDX-License-Identifier: Apache-2.0
// Engine: the parts of Wasmtime that all guests of the process share: the compiler, the memory of
// the instances, the cache of compiled modules, and the tick at which a running guest yields.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

struct sluice_components;
struct wasm_engine_t;

namespace sluice::wasm {

class ModuleCache;
class Ticker;

// Of one instance.
inline constexpr std::uint32_t kTablesMax = 4;
inline constexpr std::uint32_t kTableElementsMax = 100'000;
inline constexpr std::uint32_t kGuestsMaxDefault = 2000;
// Each reserves 4 GiB of address space, twice: a process has 128 TiB.
inline constexpr std::uint32_t kGuestsMaxHighest = 10'000;

struct EngineOptions {
  std::string cache_directory{};  // for compiled modules; empty: none is kept
  // The instances that users of this engine may reserve. There is room for more than twice as many:
  // while one generation follows another, instances of both are alive.
  std::uint32_t guests_max = kGuestsMaxDefault;
  std::uint64_t memory_bytes_max = 1u << 30;  // the highest limit of one instance; at most 4 GiB
  // Instances from a reserved pool (14 us each, terabytes of address space), or from the system.
  bool pooling = true;
  std::uint64_t mappings_max = 0;  // of memory, of the process; 0: as the system says
  // Modules in text form ("(module …)") are compiled too: for tests.
  bool accept_text = false;
};

// Any thread. Outlives every Module and Instance.
class Engine {
 public:
  // Error `invalid` for options out of range, and for more guests than the system has mappings of
  // memory for; `internal` if Wasmtime has no engine.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> create(EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const EngineOptions& options() const { return options_; }
  [[nodiscard]] wasm_engine_t* handle() const;
  // The engine of modules whose objects Wasmtime collects. It has no pool: such an instance has two
  // memories, of which the pool has one for each.
  [[nodiscard]] wasm_engine_t* collecting() const;
  // The engine of components. It has no pool: an instance is many parts, of which each has its
  // size.
  [[nodiscard]] const sluice_components& components() const;
  [[nodiscard]] Ticker& ticker() const { return *ticker_; }
  [[nodiscard]] const ModuleCache& cache() const { return *cache_; }

 private:
  struct Handle;
  Engine(EngineOptions options, std::unique_ptr<Handle> handle);

  EngineOptions options_;
  std::unique_ptr<Handle> handle_;
  std::unique_ptr<ModuleCache> cache_;
  std::unique_ptr<Ticker> ticker_;  // last: it uses the handle
};

}  // namespace sluice::wasm
