// SPDX-License-Identifier: Apache-2.0
// args_*, environ_*, clock_*, proc_* and sched_yield of WASI preview 1 (witx:
// wasi_snapshot_preview1) for guests without arguments and environment. None of them waits.
// poll_oneoff and random_get are in wasi_poll.h and guest_runtime.cc.
#pragma once

#include <span>

#include "wasm/abi.h"

namespace sluice::wasm {

[[nodiscard]] std::span<const HostFunction> wasi_process();

}  // namespace sluice::wasm
