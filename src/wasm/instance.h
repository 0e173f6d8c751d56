// SPDX-License-Identifier: Apache-2.0
// Instance: one guest, with its own memory. Used by one thread at a time. It may be created on one
// thread and passed to another while it is idle. A guest that fails, is cancelled or exceeds its
// deadline is dead for good. Other Instances are not affected.
//
// A guest runs in slices of at most a tick (1 ms):
//
//   constexpr GuestFunction<std::int32_t(std::uint32_t)> kRun{0, "run"};   // in the ABI's table
//
//   instance.start(kRun, 17);
//   while (!instance.poll()) co_await pace.give_way();   // and check the deadline and wake_at()
//   Result<std::int32_t> value = instance.finish(kRun);
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "wasm/abi.h"
#include "wasm/guest_memory.h"
#include "wasm/linked_module.h"
#include "wasm/pace.h"
#include "wasm/snapshot.h"

struct wasmtime_func;

namespace sluice::wasm {

struct InstanceState;

struct InstanceOptions {
  std::uint64_t memory_bytes_max = 64 << 20;
  Logger logger{};          // for the output of the guest
  std::string name{};       // begins each line of it
  void* context = nullptr;  // as set_context
};

// "wasm_init failed; the guest said: <words> (<reason>)", or without words
// "wasm_init failed: <reason>".
[[nodiscard]] std::string failed_text(std::string_view what, const std::string& reason,
                                      const std::string& words);

class Instance {
 public:
  // Instantiates the module (which runs its start function) and calls `_initialize` or, in a module
  // without it, `_start`. Errors: `timed_out`, `too_large` (no room for another instance),
  // `invalid` (the guest's fault).
  [[nodiscard]] static Task<Result<std::unique_ptr<Instance>>> create(
      std::shared_ptr<const LinkedModule> module, InstanceOptions options, Pace pace,
      TimePoint deadline);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Sets the context of the host functions during the next calls; null: none. Requires: it outlives
  // them.
  void set_context(void* context);
  // True if the guest exports the function.
  [[nodiscard]] bool has(const GuestExport& function) const;
  // False once the guest is dead.
  [[nodiscard]] bool alive() const;
  // True between start() and finish() or kill().
  [[nodiscard]] bool busy() const;
  // Requires: the guest has a memory.
  [[nodiscard]] GuestMemory memory();
  // Returns the snapshot of a guest whose memory was `before` when it was new. Requires: not busy,
  // alive, and the guest keeps its state in its memory alone: its globals are as they were.
  [[nodiscard]] Snapshot snapshot(std::string_view before);
  // Takes on the memory of another guest of the same module, and gives way after each MiB.
  // Requires: nothing has been called yet, and `snapshot` outlives the task. Errors: `too_large`:
  // the memory may not become so large; `unavailable`: `pace` says so.
  [[nodiscard]] Task<Result<void>> restore(const Snapshot& snapshot, Pace pace);

  // A component has neither memory nor snapshot, and its function `configure` takes the parameters.
  [[nodiscard]] bool is_component() const;
  // Calls `configure` with names and values in turn. Requires: is_component(), not busy, alive.
  // Errors: `timed_out`, `invalid`, and `forbidden` with the error that the guest has returned.
  [[nodiscard]] Task<Result<void>> configure(std::vector<std::string> texts, Pace pace,
                                             TimePoint deadline);

  // Begins a call of a function of the instance's ABI. Requires: not busy, alive, has(function).
  template <class R, class... A>
  void start(const GuestFunction<R(A...)>& function, std::type_identity_t<A>... arguments) {
    static_assert(sizeof...(A) <= kArgumentsMax);
    std::array<RawValue, sizeof...(A)> values{};
    std::size_t at = 0;
    (values[at++].put(arguments), ...);
    start_raw(function.index, values);
  }
  // Runs the guest for a slice, unless it sleeps. Returns true when the call is done. Requires:
  // busy.
  [[nodiscard]] bool poll();
  // Returns the time until which the guest sleeps; a time in the past if it is awake. Requires:
  // poll() has returned false.
  [[nodiscard]] TimePoint wake_at() const;
  // Returns the words that the guest wrote to standard output and error, or logged as an error,
  // since the last call began; bounded, on one line.
  [[nodiscard]] std::string words() const;
  // Returns the result of a call. Error `invalid`: the guest has trapped, or a host function has
  // failed; the guest is dead. Error `forbidden`: a component has returned this error. Requires:
  // poll() has returned true; the call began with the same function.
  template <class R, class... A>
  [[nodiscard]] Result<R> finish(const GuestFunction<R(A...)>& /*function*/) {
    return result_of<R>(finish_raw());
  }
  // Ends the call in progress, if there is one, at any point. The guest is dead afterwards.
  void kill();

  // Runs start(), poll() and finish() with a deadline. Errors: those of finish(), and, which kill
  // the guest, `timed_out` and `unavailable` (Pace::stopped()).
  template <class R, class... A>
  [[nodiscard]] Task<Result<R>> call(GuestFunction<R(A...)> function, Pace pace, TimePoint deadline,
                                     std::type_identity_t<A>... arguments) {
    start(function, arguments...);
    SLUICE_CO_CHECK(co_await run_to_end(pace, deadline));
    co_return result_of<R>(result());
  }

 private:
  static constexpr std::size_t kArgumentsMax = 8;

  template <class R>
  static Result<R> result_of(Result<RawValue> value) {
    if (!value) return std::unexpected(std::move(value).error());
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return value->template get<R>();
    }
  }

  explicit Instance(std::unique_ptr<InstanceState> state);
  void start_raw(std::size_t function, std::span<const RawValue> arguments);
  [[nodiscard]] Result<RawValue> finish_raw();
  [[nodiscard]] bool is_asleep() const;
  [[nodiscard]] Result<RawValue> finish_component();
  void begin(const wasmtime_func& function, std::string_view params,
             std::span<const RawValue> arguments, std::size_t results);
  Task<Result<void>> run_to_end(Pace pace, TimePoint deadline);
  Task<Result<void>> set_up(Pace pace, TimePoint deadline);
  Task<Result<void>> set_up_component(Pace pace, TimePoint deadline);
  [[nodiscard]] Result<std::string> find_exports();
  [[nodiscard]] RawValue result() const;

  std::unique_ptr<InstanceState> state_;
};

}  // namespace sluice::wasm
