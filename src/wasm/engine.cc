// SPDX-License-Identifier: Apache-2.0
#include "wasm/engine.h"

#include <sys/resource.h>

#include "base/file.h"
#include "base/text.h"
#include "wasm/component.h"
#include "wasm/handles.h"
#include "wasm/module_cache.h"
#include "wasm/ticker.h"

namespace sluice::wasm {
namespace {

constexpr std::size_t kGuestStackBytes = 512 << 10;
// Host functions run on the same stack, and may call the guest once more (see HostCall::call).
constexpr std::size_t kFiberStackBytes = 2 << 20;
// Guests of filters that are being built, beyond those promised.
constexpr std::uint32_t kBeingProvedMax = 256;

// The pool reserves address space up front; where that is limited it cannot be had.
bool can_reserve() {
#if defined(__SANITIZE_THREAD__)
  return false;
#else
  rlimit limit{};
  return getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY;
#endif
}

void use_pool(wasm_config_t* config, const EngineOptions& options) {
  const PoolConfigPtr pool(wasmtime_pooling_allocation_config_new());
  const std::uint32_t count = 2 * options.guests_max + kBeingProvedMax;
  wasmtime_pooling_allocation_config_total_core_instances_set(pool.get(), count);
  wasmtime_pooling_allocation_config_total_memories_set(pool.get(), count);
  wasmtime_pooling_allocation_config_total_stacks_set(pool.get(), count);
  wasmtime_pooling_allocation_config_total_gc_heaps_set(pool.get(), count);
  wasmtime_pooling_allocation_config_total_tables_set(pool.get(), count * 2);
  wasmtime_pooling_allocation_config_max_tables_per_module_set(pool.get(), kTablesMax);
  wasmtime_pooling_allocation_config_table_elements_set(pool.get(), kTableElementsMax);
  wasmtime_pooling_allocation_config_max_memory_size_set(pool.get(), options.memory_bytes_max);
  wasmtime_pooling_allocation_strategy_set(config, pool.get());
}

Result<ComponentsPtr> make_components() {
  sluice_components* made = nullptr;
  OwnedBytes error;
  if (!sluice_components_new(kGuestStackBytes, kFiberStackBytes, &made, error.out()))
    return fail(ErrorKind::internal, "no engine for components: " + one_line(error.view()));
  return ComponentsPtr(made);
}

enum class Objects { none, collected };

EnginePtr make_engine(const EngineOptions& options, Objects objects) {
  wasm_config_t* config = wasm_config_new();  // wasm_engine_new_with_config takes it
  wasmtime_config_epoch_interruption_set(config, true);
  wasmtime_config_max_wasm_stack_set(config, kGuestStackBytes);
  wasmtime_config_async_stack_size_set(config, kFiberStackBytes);
  wasmtime_config_parallel_compilation_set(config, true);
  // A shared memory could be waited on, which would hold the thread.
  wasmtime_config_shared_memory_set(config, false);
  if (objects == Objects::none) {
    // Exceptions stay, which Lua throws: they are small, and die soon.
    wasmtime_config_wasm_gc_set(config, false);
    wasmtime_config_wasm_function_references_set(config, false);
    if (options.pooling && can_reserve()) use_pool(config, options);
  } else {
    // Two of them beside those of the pool: see kGuestsMaxHighest.
    wasmtime_config_memory_reservation_set(config, options.memory_bytes_max);
  }
  return EnginePtr(wasm_engine_new_with_config(config));
}

// A component with four memories has 15 of them. Where no more can be had, the allocator of Rust
// ends the process.
constexpr std::uint64_t kMappingsOfGuest = 16;
constexpr std::uint64_t kOtherMappings = 10'000;

// 0: unknown.
std::uint64_t system_mappings_max() {
  const auto text = read_file("/proc/sys/vm/max_map_count", 64);
  return text ? to_number<std::uint64_t>(trim_space(*text)).value_or(0) : 0;
}

Result<void> check_mappings(const EngineOptions& options) {
  const std::uint64_t most =
      options.mappings_max > 0 ? options.mappings_max : system_mappings_max();
  const std::uint64_t needed = options.guests_max * kMappingsOfGuest + kOtherMappings;
  if (most == 0 || needed <= most) return {};
  const std::uint64_t fit = most > kOtherMappings ? (most - kOtherMappings) / kMappingsOfGuest : 0;
  return fail(ErrorKind::invalid,
              "max-guests " + std::to_string(options.guests_max) + " needs " +
                  std::to_string(needed) + " mappings of memory, and the system gives a process " +
                  std::to_string(most) + ": raise vm.max_map_count, or lower max-guests to " +
                  std::to_string(fit));
}

}  // namespace

struct Engine::Handle {
  EnginePtr engine;
  EnginePtr collecting;
  ComponentsPtr components;
};

Result<std::unique_ptr<Engine>> Engine::create(EngineOptions options) {
  if (options.guests_max == 0 || options.guests_max > kGuestsMaxHighest) {
    return fail(ErrorKind::invalid,
                "the number of guests must be 1 to " + std::to_string(kGuestsMaxHighest));
  }
  if (options.memory_bytes_max < 65536 || options.memory_bytes_max > (std::uint64_t{4} << 30)) {
    return fail(ErrorKind::invalid, "the memory of a WebAssembly instance must be 64 KiB to 4 GiB");
  }
  SLUICE_CHECK(check_mappings(options));
  SLUICE_TRY(ComponentsPtr components, make_components());
  auto handle =
      std::make_unique<Handle>(make_engine(options, Objects::none),
                               make_engine(options, Objects::collected), std::move(components));
  return std::unique_ptr<Engine>(new Engine(std::move(options), std::move(handle)));
}

Engine::Engine(EngineOptions options, std::unique_ptr<Handle> handle)
    : options_(std::move(options)),
      handle_(std::move(handle)),
      cache_(std::make_unique<ModuleCache>(options_.cache_directory)),
      ticker_(std::make_unique<Ticker>([this] {
        wasmtime_engine_increment_epoch(this->handle());
        wasmtime_engine_increment_epoch(collecting());
        sluice_components_tick(&components());
      })) {}

Engine::~Engine() = default;

wasm_engine_t* Engine::handle() const { return handle_->engine.get(); }

wasm_engine_t* Engine::collecting() const { return handle_->collecting.get(); }

const sluice_components& Engine::components() const { return *handle_->components; }

}  // namespace sluice::wasm
