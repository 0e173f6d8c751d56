// SPDX-License-Identifier: Apache-2.0
#include "wasm/instance.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "wasm/engine.h"
#include "wasm/failure.h"
#include "wasm/guest_runtime.h"
#include "wasm/instance_state.h"
#include "wasm/ticker.h"

namespace sluice::wasm {
namespace {

constexpr std::uint64_t kTicksPerSlice = 1;
constexpr std::size_t kRestoreBytesMax = std::size_t{1} << 20;

void make_store(InstanceState& state, const InstanceOptions& options) {
  if (state.module->uses_wasi())
    state.output = std::make_unique<GuestOutput>(options.logger, options.name);
  if (const sluice_linked* component = state.module->component()) {
    state.component = std::make_unique<ComponentGuest>(*component, state, options.memory_bytes_max);
    return;
  }
  const Engine& engine = state.module->engine();
  const bool collected = state.module->module().collected();
  state.store.reset(
      wasmtime_store_new(collected ? engine.collecting() : engine.handle(), &state, nullptr));
  state.context = wasmtime_store_context(state.store.get());
  // The limit holds for each memory, and the heap of the collector is one more.
  const std::uint64_t memory_max = options.memory_bytes_max / (collected ? 2 : 1);
  state.memory_bytes_max = memory_max;
  wasmtime_store_limiter(state.store.get(), static_cast<std::int64_t>(memory_max),
                         kTableElementsMax, 1, kTablesMax, 1);
  // The header declares a result that the function does not have: it must not be looked at.
  static_cast<void>(
      wasmtime_context_epoch_deadline_async_yield_and_update(state.context, kTicksPerSlice));
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

// Many languages trap without a word where memory cannot grow: "", or how full it is.
std::string memory_note(const InstanceState& state) {
  if (!state.has_memory) return {};
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  const std::uint64_t used = wasmtime_memory_data_size(state.context, &state.memory);
  if (used < state.memory_bytes_max / 8 * 7) return {};
  const std::uint64_t used_mib = (used + kMiB - 1) / kMiB;
  return "; its memory has " + std::to_string(used_mib) + " of at most " +
         std::to_string(state.memory_bytes_max / kMiB) + " MiB (maxMemory)";
}

// The linker has refused other types, where they are refused.
bool has_type(const Module& module, const GuestExport& wanted) {
  if (wanted.refuses_other_types) return true;
  const Export* found = module.find_export(wanted.name);
  return found != nullptr && found->signature.params == wanted.params &&
         found->signature.results == wanted.result;
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

wasmtime_val_t to_val(char letter, const RawValue& value) {
  wasmtime_val_t out{};
  out.kind = letter == 'i'   ? WASMTIME_I32
             : letter == 'I' ? WASMTIME_I64
             : letter == 'f' ? WASMTIME_F32
                             : WASMTIME_F64;
  std::memcpy(&out.of, value.bytes, sizeof value.bytes);
  return out;
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
  make_store(*state, options);
  std::unique_ptr<Instance> instance(new Instance(std::move(state)));
  Task<Result<void>> setting_up = instance->is_component()
                                      ? instance->set_up_component(pace, deadline)
                                      : instance->set_up(pace, deadline);
  SLUICE_CO_CHECK(co_await std::move(setting_up));
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
  begin(state.initializer, {}, {}, 0);
  Result<void> ran = co_await run_to_end(pace, deadline);
  if (ran) co_return ran;
  // A command's _start may end in proc_exit(0): that is its success.
  const bool exited_well = initializer == "_start" && ran.error().message.starts_with(exit_text(0));
  if (!exited_well) {
    ran.error().message = failed_text(initializer, ran.error().message, words());
    co_return ran;
  }
  state.alive = true;
  co_return Result<void>();
}

Task<Result<void>> Instance::set_up_component(Pace pace, TimePoint deadline) {
  state_->returned = false;
  state_->component->instantiate();
  co_return co_await run_to_end(pace, deadline);
}

Task<Result<void>> Instance::configure(std::vector<std::string> texts, Pace pace,
                                       TimePoint deadline) {
  assert(is_component() && !busy() && alive());
  state_->words.forget();
  state_->returned = false;
  state_->component->configure(texts);
  co_return co_await run_to_end(pace, deadline);
}

// Returns the name of the function that sets the guest up; its handle is in state_->initializer.
Result<std::string> Instance::find_exports() {
  InstanceState& state = *state_;
  find_memory(state);
  const std::span<const GuestExport> wanted = state.module->abi().guest;
  state.functions.resize(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (has_type(state.module->module(), wanted[i]))
      find_function(state, wanted[i].name, state.functions[i]);
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
bool Instance::has(const GuestExport& function) const { return state_->has(function.index); }
bool Instance::alive() const { return state_->alive; }
TimePoint Instance::wake_at() const { return state_->wake_at; }
std::string Instance::words() const { return state_->words.line(); }
bool Instance::is_component() const { return state_->component != nullptr; }
bool Instance::busy() const {
  return state_->component ? state_->component->busy() : state_->future != nullptr;
}

GuestMemory Instance::memory() {
  if (!state_->has_memory) return {nullptr, 0};
  char* base = reinterpret_cast<char*>(wasmtime_memory_data(state_->context, &state_->memory));
  return {base, wasmtime_memory_data_size(state_->context, &state_->memory)};
}

Snapshot Instance::snapshot(std::string_view before) {
  const GuestMemory now = memory();
  const auto all = now.at(0, now.size());
  return {now.size(), differing_pieces(before, {all->data(), all->size()}), state_->errors_at,
          state_->errors_bytes_max};
}

Task<Result<void>> Instance::restore(const Snapshot& snapshot, Pace pace) {
  constexpr std::uint64_t kPageBytes = 64 << 10;
  const std::uint64_t size = memory().size();
  if (snapshot.memory_bytes > size) {
    std::uint64_t before = 0;
    const ErrorPtr error(wasmtime_memory_grow(
        state_->context, &state_->memory, (snapshot.memory_bytes - size) / kPageBytes, &before));
    if (error) co_return fail(ErrorKind::too_large, message_of(*error));
  }
  const GuestMemory now = memory();
  std::size_t left = kRestoreBytesMax;  // before it gives way
  for (const Snapshot::Piece& piece : snapshot.pieces) {
    SLUICE_CO_TRY(const auto place, now.at(piece.address, piece.bytes.size()));
    for (std::size_t at = 0; at < piece.bytes.size();) {
      const std::size_t count = std::min(left, piece.bytes.size() - at);
      std::memcpy(place.data() + at, piece.bytes.data() + at, count);
      at += count;
      left -= count;
      if (left > 0) continue;
      co_await pace.give_way();
      if (pace.stopped()) co_return fail(ErrorKind::unavailable, "given up");
      left = kRestoreBytesMax;
    }
  }
  state_->errors_at = snapshot.errors_at;
  state_->errors_bytes_max = snapshot.errors_bytes_max;
  co_return Result<void>();
}

void Instance::start_raw(std::size_t function, std::span<const RawValue> arguments) {
  assert(state_->has(function) && !busy() && alive());
  const GuestExport& called = state_->module->abi().guest[function];
  if (state_->component) {
    state_->words.forget();
    state_->returned = false;
    state_->component->run();
    return;
  }
  state_->entry = called.name;
  begin(state_->functions[function], called.params, arguments, called.result.size());
}

// `params`: the letters of `arguments`.
void Instance::begin(const wasmtime_func_t& function, std::string_view params,
                     std::span<const RawValue> arguments, std::size_t results) {
  InstanceState& state = *state_;
  wasmtime_val_t values[kArgumentsMax];
  for (std::size_t i = 0; i < arguments.size(); ++i) values[i] = to_val(params[i], arguments[i]);
  state.result = {};
  state.words.forget();
  state.returned = false;
  state.wake_at = {};
  wasmtime_context_set_epoch_deadline(state.context, kTicksPerSlice);
  state.future.reset(wasmtime_func_call_async(state.context, &function, values, arguments.size(),
                                              &state.result, results, &state.trap, &state.error));
}

bool Instance::is_asleep() const {
  return state_->wake_at != TimePoint{} && Clock::now() < state_->wake_at;
}

bool Instance::poll() {
  state_->module->engine().ticker().touch();
  // Its caller looks at the deadline instead. Resumed, it would go on as if it had slept.
  if (is_asleep()) return false;
  if (!state_->returned) {
    state_->wake_at = {};
    state_->returned = state_->component ? state_->component->poll()
                                         : wasmtime_call_future_poll(state_->future.get());
    if (state_->component && !state_->returned) state_->wake_at = state_->component->wake_at();
  }
  // A guest that returns before it has given way sleeps all the same.
  return state_->returned && !is_asleep();
}

Result<RawValue> Instance::finish_component() {
  const Result<std::int32_t> value = state_->component->finish();
  if (value) {
    state_->result.of.i32 = *value;
    return result();
  }
  state_->alive = false;
  std::string& host_error = state_->host_error;
  if (host_error.empty()) return std::unexpected(value.error());
  return fail(ErrorKind::invalid, std::exchange(host_error, {}));
}

Result<RawValue> Instance::finish_raw() {
  if (state_->component) return finish_component();
  state_->future.reset();
  const TrapPtr trap(std::exchange(state_->trap, nullptr));
  const ErrorPtr error(std::exchange(state_->error, nullptr));
  if (!trap && !error) [[likely]]
    return result();
  state_->alive = false;
  Error failure = guest_failure(trap.get(), error.get(), state_->host_error, state_->entry);
  state_->host_error.clear();
  failure.message += memory_note(*state_);
  return std::unexpected(std::move(failure));
}

// Returns 0 for a function without a result.
RawValue Instance::result() const {
  RawValue value{};
  static_assert(sizeof state_->result.of >= sizeof value.bytes);
  std::memcpy(value.bytes, &state_->result.of, sizeof value.bytes);
  return value;
}

void Instance::kill() {
  state_->alive = false;
  if (!busy()) return;
  if (state_->component) return state_->component->kill();
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
    if (pace.stopped()) {
      kill();
      co_return fail(ErrorKind::unavailable, "given up");
    }
    const TimePoint wake = std::min(state_->wake_at, deadline);
    if (wake > now) {
      co_await pace.rest(wake - now);
    } else {
      co_await pace.give_way();
    }
  }
  const Result<RawValue> done = finish_raw();
  if (!done) co_return std::unexpected(done.error());
  co_return Result<void>();
}

}  // namespace sluice::wasm
