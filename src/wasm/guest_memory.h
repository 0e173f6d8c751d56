// SPDX-License-Identifier: Apache-2.0
// GuestMemory: the linear memory of a guest. Every access is checked.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "base/result.h"
#include "wasm/value.h"

namespace sluice::wasm {

// Valid until the guest runs again, which may move or grow the memory. An access returns error
// `invalid` if any byte is outside. Used by the thread of the guest.
class GuestMemory {
 public:
  GuestMemory(char* base, std::size_t size) : base_(base), size_(size) {}

  // Returns the `size` bytes at `address`.
  [[nodiscard]] Result<std::span<char>> at(std::uint32_t address, std::uint64_t size) const {
    if (address > size_ || size > size_ - address) return outside(address, size);
    return std::span<char>(base_ + address, size);
  }
  // ABI: little-endian, as are all our targets. The address need not be aligned.
  template <WasmValue T>
  [[nodiscard]] Result<T> read(std::uint32_t address) const {
    T value{};
    if (size_ < sizeof value || address > size_ - sizeof value)
      return outside(address, sizeof value);
    std::memcpy(&value, base_ + address, sizeof value);
    return value;
  }
  template <WasmValue T>
  [[nodiscard]] Result<void> write(std::uint32_t address, T value) const {
    if (size_ < sizeof value || address > size_ - sizeof value)
      return outside(address, sizeof value);
    std::memcpy(base_ + address, &value, sizeof value);
    return {};
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  [[nodiscard]] std::unexpected<Error> outside(std::uint32_t address, std::uint64_t size) const;

  char* base_;
  std::size_t size_;
};

}  // namespace sluice::wasm
