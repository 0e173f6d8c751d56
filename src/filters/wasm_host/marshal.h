// SPDX-License-Identifier: Apache-2.0
// ABI: how values cross the border between host and guest. Lengths are u32, little-endian.
//   data          len, bytes
//   string        len + 1, bytes, 0          (so the empty string is 01 00 00 00 00)
//   string array  count, strings             (host to guest only)
// Host to guest: the host calls wasm_alloc with exactly the encoded size (AssemblyScript takes the
// length from the allocation), writes, and passes the address; the guest frees it. A host function
// reads all of its arguments before it gives anything: the allocation may collect or move them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wasm/abi.h"

namespace sluice::filters {

// Names, keys, paths and the like: longer ones are an error.
inline constexpr std::uint32_t kTextBytesMax = 64 << 10;
inline constexpr std::uint32_t kHeaderTextBytesMax = 1 << 20;

// The view is into the guest's memory: valid until the guest runs again.
[[nodiscard]] Result<std::string_view> take_data(wasm::HostCall& call, std::uint32_t address);
[[nodiscard]] Result<std::string_view> take_string(wasm::HostCall& call, std::uint32_t address);
// take_string of at most `bytes_max`.
[[nodiscard]] Result<std::string_view> take_text(wasm::HostCall& call, std::uint32_t address,
                                                 std::uint32_t bytes_max = kTextBytesMax);

// Each returns the address from the host function.
[[nodiscard]] Result<void> give_data(wasm::HostCall& call, std::string_view bytes);
[[nodiscard]] Result<void> give_string(wasm::HostCall& call, std::string_view text);
[[nodiscard]] Result<void> give_strings(wasm::HostCall& call, std::span<const std::string> texts);

// The encoding of a string array, for wasm_init.
[[nodiscard]] std::string encode_strings(std::span<const std::string> texts);

}  // namespace sluice::filters
