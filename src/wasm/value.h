// SPDX-License-Identifier: Apache-2.0
// The C++ types that cross the border between host and guest, and the letters of their WebAssembly
// types, as in Signature: i = i32, I = i64, f = f32, F = f64.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::wasm {

template <class T>
concept WasmInteger = std::same_as<T, std::int32_t> || std::same_as<T, std::uint32_t> ||
                      std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t>;
template <class T>
concept WasmValue = WasmInteger<T> || std::same_as<T, float> || std::same_as<T, double>;

template <WasmValue T>
consteval char letter_of() {
  if constexpr (WasmInteger<T>) return sizeof(T) == 4 ? 'i' : 'I';
  return sizeof(T) == 4 ? 'f' : 'F';
}

template <WasmValue... T>
struct ValueTypes {
  static constexpr std::size_t kCount = sizeof...(T);
  static constexpr std::array<char, sizeof...(T)> kArray{letter_of<T>()...};
  static constexpr std::string_view kLetters{kArray.data(), kCount};
};

// The place of one argument or result.
// ABI: wasmtime_val_raw_t, which is little-endian, as are all our targets.
struct alignas(16) RawValue {
  unsigned char bytes[16];

  template <WasmValue T>
  [[nodiscard]] T get() const {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  template <WasmValue T>
  void put(T value) {
    std::memcpy(bytes, &value, sizeof value);
  }
};

}  // namespace sluice::wasm
