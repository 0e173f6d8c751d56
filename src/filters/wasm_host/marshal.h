// SPDX-License-Identifier: Apache-2.0
// ABI: the encoding of values between host and guest. Lengths are u32, little-endian.
//   data          len, bytes
//   string        len + 1, bytes, 0          (so the empty string is 01 00 00 00 00)
//   string array  count, strings             (host to guest only)
// Each is passed as the address of these bytes. Host to guest: the host calls wasm_alloc with
// exactly the encoded size (AssemblyScript takes the length from the allocation), writes, and
// passes the address. The guest frees the memory. The allocation may collect or move the guest's
// own values, so a result must not refer to an argument.
//
// The types below are parameters and results of host functions: see wasm/host_function.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wasm/host_call.h"

namespace sluice::filters {

// Names, keys and paths: a longer text is an error.
inline constexpr std::uint32_t kTextBytesMax = 64 << 10;
inline constexpr std::uint32_t kHeaderTextBytesMax = 1 << 20;
// As base64, it has to fit into a value of the store: store::Limits::value_bytes_max.
inline constexpr std::uint32_t kValueDataBytesMax = 1 << 20;

// A parameter is a view into the guest's memory, valid during the call of the host function.
struct GuestData : std::string_view {
  [[nodiscard]] static Result<GuestData> from_guest(wasm::HostCall& call, std::uint32_t address);
  [[nodiscard]] Result<std::uint32_t> to_guest(wasm::HostCall& call) const;
};
struct GuestString : std::string_view {
  [[nodiscard]] static Result<GuestString> from_guest(wasm::HostCall& call, std::uint32_t address);
  [[nodiscard]] Result<std::uint32_t> to_guest(wasm::HostCall& call) const;
};
// Strings of a bounded length, as parameters.
struct GuestText : std::string_view {
  [[nodiscard]] static Result<GuestText> from_guest(wasm::HostCall& call, std::uint32_t address);
};
// Data of a bounded length, as parameters: a body, and a value of the shared data.
struct GuestBody : std::string_view {
  [[nodiscard]] static Result<GuestBody> from_guest(wasm::HostCall& call, std::uint32_t address);
};
struct GuestValue : std::string_view {
  [[nodiscard]] static Result<GuestValue> from_guest(wasm::HostCall& call, std::uint32_t address);
};
struct GuestHeaderText : std::string_view {
  [[nodiscard]] static Result<GuestHeaderText> from_guest(wasm::HostCall& call,
                                                          std::uint32_t address);
};
// Results that own their bytes.
struct OwnedGuestData {
  std::string bytes;
  [[nodiscard]] Result<std::uint32_t> to_guest(wasm::HostCall& call) const;
};
struct OwnedGuestString {
  std::string text;
  [[nodiscard]] Result<std::uint32_t> to_guest(wasm::HostCall& call) const;
};
struct GuestStringArray {
  std::vector<std::string> texts;
  [[nodiscard]] Result<std::uint32_t> to_guest(wasm::HostCall& call) const;
};

// The encoding of a string array, for wasm_init.
[[nodiscard]] std::string encode_strings(std::span<const std::string> texts);

}  // namespace sluice::filters
