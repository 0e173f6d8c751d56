// SPDX-License-Identifier: Apache-2.0
// WASI preview 1 (witx: wasi_snapshot_preview1) for guests without files, sockets, arguments and
// environment. Language runtimes import all of it; each function answers what a guest without
// them expects, most often EBADF. None of these functions waits, and none makes a system call but
// for the clocks. poll_oneoff, random_get and fd_write are in guest_runtime.cc.
#pragma once

#include <cstdint>
#include <span>

#include "wasm/abi.h"

namespace sluice::wasm {

// WASI preview 1: witx, typenames, errno.
enum class WasiError : std::int32_t {
  success = 0,
  badf = 8,
  inval = 28,
  notdir = 54,
  notsock = 57,
  notsup = 58,
  spipe = 70,
};

constexpr std::int32_t code(WasiError error) { return static_cast<std::int32_t>(error); }

// fd_*, path_* and sock_*.
[[nodiscard]] std::span<const HostFunction> wasi_files();
// args_*, environ_*, clock_*, proc_* and sched_yield.
[[nodiscard]] std::span<const HostFunction> wasi_process();

}  // namespace sluice::wasm
