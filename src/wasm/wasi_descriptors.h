// SPDX-License-Identifier: Apache-2.0
// The descriptors of a guest: standard input, output and error. A guest opens no others.
#pragma once

#include <array>
#include <cstdint>

namespace sluice::wasm {

class WasiDescriptors {
 public:
  enum class DescriptorKind : std::uint8_t { closed, input, output };

  [[nodiscard]] DescriptorKind kind(std::uint32_t descriptor) const {
    return descriptor < kinds_.size() ? kinds_[descriptor] : DescriptorKind::closed;
  }
  [[nodiscard]] bool open(std::uint32_t descriptor) const {
    return kind(descriptor) != DescriptorKind::closed;
  }
  // False if it is not open.
  [[nodiscard]] bool close(std::uint32_t descriptor) {
    if (!open(descriptor)) return false;
    kinds_[descriptor] = DescriptorKind::closed;
    return true;
  }
  // `to` becomes what `from` is, and `from` is closed. False if one of them is not open.
  [[nodiscard]] bool renumber(std::uint32_t from, std::uint32_t to) {
    if (!open(from) || !open(to)) return false;
    const DescriptorKind kind = kinds_[from];
    kinds_[from] = DescriptorKind::closed;
    kinds_[to] = kind;
    return true;
  }

 private:
  std::array<DescriptorKind, 3> kinds_{DescriptorKind::input, DescriptorKind::output,
                                       DescriptorKind::output};
};

}  // namespace sluice::wasm
