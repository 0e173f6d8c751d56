// SPDX-License-Identifier: Apache-2.0
// WASI preview 1 poll_oneoff, which language runtimes call to sleep and to look whether anything is
// ready, at a garbage collection for example. Wasmtime's own would sleep in the middle of the
// core's other requests.
#pragma once

#include "wasm/abi.h"

namespace sluice::wasm {

// (subscriptions, events, count, number of events) -> errno. What is ready is answered at once: a
// clock whose time has come, standard output and error; standard input is at its end, other
// descriptors do not exist. Else the guest sleeps until the first of its clocks, in which its core
// does other work, and no longer than its caller's deadline.
[[nodiscard]] Result<void> wasi_poll_oneoff(HostCall& call);

}  // namespace sluice::wasm
