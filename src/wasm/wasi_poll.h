// SPDX-License-Identifier: Apache-2.0
// WASI preview 1 poll_oneoff, which language runtimes call to sleep and to look whether anything is
// ready, at a garbage collection for example. Wasmtime's own would sleep in the middle of the
// core's other requests.
#pragma once

#include <cstdint>

#include "wasm/guest_memory.h"
#include "wasm/host_call.h"

namespace sluice::wasm {

// Returns an errno. What is ready is answered at once: a clock whose time has come, standard output
// and error; standard input is at its end, other descriptors do not exist. Else the guest sleeps
// until the first of its clocks, in which its core does other work, and no longer than its caller's
// deadline.
[[nodiscard]] Result<std::int32_t> wasi_poll_oneoff(HostCall& call, GuestMemory memory,
                                                    std::uint32_t subscriptions,
                                                    std::uint32_t events, std::uint32_t count,
                                                    std::uint32_t number_of_events_at);

}  // namespace sluice::wasm
