// SPDX-License-Identifier: Apache-2.0
#include "wasm/instance.h"

#include <algorithm>
#include <cassert>

#include "wasm/engine.h"
#include "wasm/failure.h"
#include "wasm/guest_runtime.h"
#include "wasm/instance_state.h"
#include "wasm/ticker.h"

namespace sluice::wasm {
namespace {

constexpr std::int64_t kTableElementsMax = 100'000;
constexpr std::int64_t kTablesMax = 4;
constexpr std::uint64_t kTicksPerSlice = 1;

Result<void> give_wasi(InstanceState& state) {
  wasi_config_t* config = wasi_config_new();  // wasmtime_context_set_wasi takes it
  const ErrorPtr error(wasmtime_context_set_wasi(state.context, config));
  if (error) return fail(ErrorKind::internal, message_of(*error));
  return {};
}

Result<void> make_store(InstanceState& state, const InstanceOptions& options) {
  state.store.reset(wasmtime_store_new(state.module->engine().handle(), &state, nullptr));
  state.context = wasmtime_store_context(state.store.get());
  wasmtime_store_limiter(state.store.get(), static_cast<std::int64_t>(options.memory_bytes_max),
                         kTableElementsMax, 1, kTablesMax, 1);
  // The header declares a result that the function does not have: it must not be looked at.
  static_cast<void>(
      wasmtime_context_epoch_deadline_async_yield_and_update(state.context, kTicksPerSlice));
  if (!state.module->uses_wasi()) return {};
  state.output = std::make_unique<GuestOutput>(options.logger, options.name);
  return give_wasi(state);
}

bool find_function(InstanceState& state, std::string_view name, wasmtime_func_t& out) {
  wasmtime_extern_t item;
  if (!wasmtime_instance_export_get(state.context, &state.instance, name.data(), name.size(),
                                    &item)) {
    return false;
  }
  if (item.kind == WASMTIME_EXTERN_FUNC) out = item.of.func;
  const bool found = item.kind == WASMTIME_EXTERN_FUNC;
  wasmtime_extern_delete(&item);
  return found;
}

void find_memory(InstanceState& state) {
  wasmtime_extern_t item;
  constexpr std::string_view kName = "memory";
  if (!wasmtime_instance_export_get(state.context, &state.instance, kName.data(), kName.size(),
                                    &item))
    return;
  state.has_memory = item.kind == WASMTIME_EXTERN_MEMORY;
  if (state.has_memory) state.memory = item.of.memory;
  wasmtime_extern_delete(&item);
}

}  // namespace

std::string failed_text(std::string_view what, const std::string& reason,
                        const std::string& words) {
  const std::string failed = std::string(what) + " failed";
  if (words.empty()) return failed + ": " + reason;
  return failed + "; the guest said: " + words + " (" + reason + ")";
}

Instance::Instance(std::unique_ptr<InstanceState> state) : state_(std::move(state)) {}

Instance::~Instance() { kill(); }

Task<Result<std::unique_ptr<Instance>>> Instance::create(std::shared_ptr<const LinkedModule> module,
                                                         InstanceOptions options, Pace pace,
                                                         TimePoint deadline) {
  auto state = std::make_unique<InstanceState>();
  state->module = std::move(module);
  state->user = options.context;
  SLUICE_CO_CHECK(make_store(*state, options));
  std::unique_ptr<Instance> instance(new Instance(std::move(state)));
  SLUICE_CO_CHECK(co_await instance->set_up(pace, deadline));
  co_return instance;
}

Task<Result<void>> Instance::set_up(Pace pace, TimePoint deadline) {
  InstanceState& state = *state_;
  wasmtime_context_set_epoch_deadline(state.context, kTicksPerSlice);
  state.future.reset(wasmtime_instance_pre_instantiate_async(
      state.module->pre(), state.context, &state.instance, &state.trap, &state.error));
  SLUICE_CO_CHECK(co_await run_to_end(pace, deadline));
  SLUICE_CO_TRY(const std::string initializer, find_exports());
  if (initializer.empty()) co_return Result<void>();
  state.entry = initializer;
  begin(state.initializer, {}, 0);
  Result<void> ran = co_await run_to_end(pace, deadline);
  if (ran) co_return ran;
  // A command's _start may end in proc_exit(0): that is its success.
  const bool exited_well =
      initializer == "_start" && ran.error().message.starts_with("the guest called proc_exit(0)");
  if (!exited_well) {
    ran.error().message = failed_text(initializer, ran.error().message, words());
    co_return ran;
  }
  state.alive = true;
  co_return Result<void>();
}

// Returns the name of the function that sets the guest up; its handle is in state_->initializer.
Result<std::string> Instance::find_exports() {
  InstanceState& state = *state_;
  find_memory(state);
  for (std::size_t i = 0; i < state.module->abi().guest.size(); ++i) {
    state.has_function[i] =
        find_function(state, state.module->abi().guest[i].name, state.functions[i]);
  }
  for (const std::string name : {"_initialize", "_start"}) {
    if (!find_function(state, name, state.initializer)) continue;
    const Export* found = state.module->module().find_export(name);
    if (found->signature != Signature{})
      return fail(ErrorKind::invalid, name + " takes arguments or returns a value");
    return name;
  }
  return std::string();
}

void Instance::set_context(void* context) { state_->user = context; }
bool Instance::has(std::size_t function) const { return state_->has_function[function]; }
bool Instance::alive() const { return state_->alive; }
TimePoint Instance::wake_at() const { return state_->wake_at; }
std::string Instance::words() const { return state_->words.line(); }
bool Instance::busy() const { return state_->future != nullptr; }

GuestMemory Instance::memory() {
  if (!state_->has_memory) return {nullptr, 0};
  char* base = reinterpret_cast<char*>(wasmtime_memory_data(state_->context, &state_->memory));
  return {base, wasmtime_memory_data_size(state_->context, &state_->memory)};
}

void Instance::start(std::size_t function, std::span<const std::int32_t> arguments) {
  const bool has_result = !state_->module->abi().guest[function].result.empty();
  state_->entry = state_->module->abi().guest[function].name;
  begin(state_->functions[function], arguments, has_result ? 1 : 0);
}

void Instance::begin(const wasmtime_func_t& function, std::span<const std::int32_t> arguments,
                     std::size_t results) {
  InstanceState& state = *state_;
  wasmtime_val_t values[1];
  assert(arguments.size() <= std::size(values));
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    values[i].kind = WASMTIME_I32;
    values[i].of.i32 = arguments[i];
  }
  state.result = {};
  state.words.forget();
  state.returned = false;
  wasmtime_context_set_epoch_deadline(state.context, kTicksPerSlice);
  state.future.reset(wasmtime_func_call_async(state.context, &function, values, arguments.size(),
                                              &state.result, results, &state.trap, &state.error));
}

bool Instance::poll() {
  state_->module->engine().ticker().touch();
  if (!state_->returned) {
    state_->wake_at = {};
    state_->returned = wasmtime_call_future_poll(state_->future.get());
  }
  // A guest that returns before it has given way sleeps all the same.
  return state_->returned && (state_->wake_at == TimePoint{} || Clock::now() >= state_->wake_at);
}

Result<std::int32_t> Instance::finish() {
  state_->future.reset();
  return take_result();
}

Result<std::int32_t> Instance::take_result() {
  const TrapPtr trap(std::exchange(state_->trap, nullptr));
  const ErrorPtr error(std::exchange(state_->error, nullptr));
  if (!trap && !error) [[likely]]
    return state_->result.of.i32;
  state_->alive = false;
  Error failure = guest_failure(trap.get(), error.get(), state_->host_error, state_->entry);
  state_->host_error.clear();
  return std::unexpected(std::move(failure));
}

void Instance::kill() {
  state_->alive = false;
  if (!busy()) return;
  state_->future.reset();  // unwinds the guest's stack, host functions on it included
  const TrapPtr trap(std::exchange(state_->trap, nullptr));
  const ErrorPtr error(std::exchange(state_->error, nullptr));
}

Task<Result<void>> Instance::run_to_end(Pace pace, TimePoint deadline) {
  while (!poll()) {
    const TimePoint now = Clock::now();
    if (now >= deadline) {
      kill();
      co_return fail(ErrorKind::timed_out, "timed out");
    }
    const TimePoint wake = std::min(state_->wake_at, deadline);
    if (wake > now) {
      co_await pace.rest(wake - now);
    } else {
      co_await pace.give_way();
    }
  }
  const Result<std::int32_t> done = finish();
  if (!done) co_return std::unexpected(done.error());
  co_return Result<void>();
}

Task<Result<std::int32_t>> Instance::call(std::size_t function, std::int32_t argument, Pace pace,
                                          TimePoint deadline) {
  const bool takes_one = !state_->module->abi().guest[function].params.empty();
  start(function, std::span(&argument, takes_one ? 1 : 0));
  SLUICE_CO_CHECK(co_await run_to_end(pace, deadline));
  co_return state_->result.of.i32;
}

}  // namespace sluice::wasm
