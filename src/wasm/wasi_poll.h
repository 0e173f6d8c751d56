// SPDX-License-Identifier: Apache-2.0
// WASI preview 1 poll_oneoff, which language runtimes call to sleep and to look whether anything is
// ready, at a garbage collection for example. Wasmtime's own would sleep in the middle of the
// core's other requests.
#pragma once

#include <cstdint>

#include "wasm/guest_memory.h"
#include "wasm/host_call.h"

namespace sluice::wasm {

// Returns an errno. Ready events are answered at once: a clock whose time has come, standard output
// and error. Standard input is at its end; other descriptors do not exist. Otherwise the guest
// sleeps until its first clock is due, at most until its caller's deadline. Meanwhile its core does
// other work.
[[nodiscard]] Result<std::int32_t> wasi_poll_oneoff(HostCall& call, GuestMemory memory,
                                                    std::uint32_t subscriptions,
                                                    std::uint32_t events, std::uint32_t count,
                                                    std::uint32_t number_of_events_at);

}  // namespace sluice::wasm
