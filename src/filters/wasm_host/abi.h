// SPDX-License-Identifier: Apache-2.0
// The ABI "easegress": 54 host functions, by subject, and the exports of a guest.
// And the module "sluice", for engines that run scripts.
#pragma once

#include <cstdint>
#include <span>

#include "wasm/abi.h"

namespace sluice::filters {

inline constexpr wasm::GuestFunction<std::int32_t()> kGuestRun{0, "wasm_run"};
inline constexpr wasm::GuestFunction<std::uint32_t(std::uint32_t)> kGuestAlloc{1, "wasm_alloc"};
inline constexpr wasm::GuestFunction<void(std::uint32_t)> kGuestFree{2, "wasm_free"};
inline constexpr wasm::GuestFunction<void(std::uint32_t)> kGuestInit{3, "wasm_init", false};
// Takes the script of a builtin engine: a string array of its name and its text.
inline constexpr wasm::GuestFunction<void(std::uint32_t)> kGuestScript{4, "sluice_script", false};

[[nodiscard]] const wasm::Abi& easegress_abi();
// The same for components.
[[nodiscard]] const wasm::WitWorld& gateway_world();

[[nodiscard]] std::span<const wasm::HostFunction> request_functions();
[[nodiscard]] std::span<const wasm::HostFunction> response_functions();
[[nodiscard]] std::span<const wasm::HostFunction> cluster_functions();
[[nodiscard]] std::span<const wasm::HostFunction> misc_functions();
[[nodiscard]] std::span<const wasm::HostFunction> script_functions();

}  // namespace sluice::filters
