// SPDX-License-Identifier: Apache-2.0
// The ABI "easegress": 50 host functions, by subject, and what a guest exports.
#pragma once

#include <span>

#include "wasm/abi.h"

namespace sluice::filters {

// Indices into easegress_abi().guest.
enum GuestFunctionIndex : std::size_t { kGuestRun, kGuestAlloc, kGuestFree, kGuestInit };

[[nodiscard]] const wasm::Abi& easegress_abi();

[[nodiscard]] std::span<const wasm::HostFunction> request_functions();
[[nodiscard]] std::span<const wasm::HostFunction> response_functions();
[[nodiscard]] std::span<const wasm::HostFunction> cluster_functions();
[[nodiscard]] std::span<const wasm::HostFunction> misc_functions();

}  // namespace sluice::filters
