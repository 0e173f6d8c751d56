// SPDX-License-Identifier: Apache-2.0
// fd_*, path_* and sock_* of WASI preview 1 (witx: wasi_snapshot_preview1) for guests without files
// and sockets. Language runtimes import all of them; most answer EBADF. None of them waits or makes
// a system call. fd_write is in guest_runtime.cc.
#pragma once

#include <span>

#include "wasm/abi.h"

namespace sluice::wasm {

[[nodiscard]] std::span<const HostFunction> wasi_files();
// Those that are the same in wasi_unstable.
[[nodiscard]] std::span<const HostFunction> wasi_unstable_files();

}  // namespace sluice::wasm
