// SPDX-License-Identifier: Apache-2.0
#include "wasm/wasi_process.h"

#include <ctime>
#include <optional>

#include "wasm/host_function.h"
#include "wasm/wasi_error.h"
#include "wasm/wasi_types.h"

namespace sluice::wasm {
namespace {

// witx, typenames: clockid.
constexpr I32 kClockIdMax = 3;  // the last two count the time of a process and of a thread

std::int32_t args_get(I32, I32) { return kSuccess; }
std::int32_t environ_get(I32, I32) { return kSuccess; }

Result<std::int32_t> no_strings(GuestMemory memory, I32 count_at, I32 bytes_at) {
  SLUICE_CHECK(memory.write(count_at, I32{0}));
  SLUICE_CHECK(memory.write(bytes_at, I32{0}));
  return kSuccess;
}

// The clock that poll_oneoff waits by.
std::optional<clockid_t> system_clock_of(I32 clock) {
  if (clock == kRealtime) return CLOCK_REALTIME;
  if (clock == kMonotonic) return CLOCK_MONOTONIC;
  return std::nullopt;
}

using ClockCall = int (*)(clockid_t, timespec*);

Result<std::int32_t> ask(ClockCall clock_call, GuestMemory memory, I32 clock, I32 out) {
  const auto known = system_clock_of(clock);
  if (!known) return code(clock > kClockIdMax ? WasiError::inval : WasiError::badf);
  timespec time{};
  if (clock_call(*known, &time) != 0) return fail(ErrorKind::internal, "the system has no clock");
  const I64 nanoseconds =
      static_cast<I64>(time.tv_sec) * 1'000'000'000 + static_cast<I64>(time.tv_nsec);
  SLUICE_CHECK(memory.write(out, nanoseconds));
  return kSuccess;
}

Result<std::int32_t> clock_res_get(GuestMemory memory, I32 clock, I32 out) {
  return ask(&::clock_getres, memory, clock, out);
}

Result<std::int32_t> clock_time_get(GuestMemory memory, I32 clock, I64, I32 out) {
  return ask(&::clock_gettime, memory, clock, out);
}

Result<void> proc_exit(HostCall& call, I32 status) { return call.exit(status); }
std::int32_t proc_raise(I32) { return code(WasiError::notsup); }
std::int32_t sched_yield() { return kSuccess; }

constexpr HostFunction kProcess[] = {
    host_function<args_get>("args_get"),           host_function<no_strings>("args_sizes_get"),
    host_function<environ_get>("environ_get"),     host_function<no_strings>("environ_sizes_get"),
    host_function<clock_res_get>("clock_res_get"), host_function<clock_time_get>("clock_time_get"),
    host_function<proc_exit>("proc_exit"),         host_function<proc_raise>("proc_raise"),
    host_function<sched_yield>("sched_yield"),
};

}  // namespace

std::span<const HostFunction> wasi_process() { return kProcess; }

}  // namespace sluice::wasm
