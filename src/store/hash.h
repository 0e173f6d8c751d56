// SPDX-License-Identifier: Apache-2.0
// SipHash-1-3 with a secret. Clients choose keys, and must not be able to choose keys that collide.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::store {

class Hash {
 public:
  using Secret = std::array<std::uint64_t, 2>;
  Hash();  // a new random secret
  explicit Hash(const Secret& secret) : secret_(secret) {}
  // Cut to 32 bits.
  [[nodiscard]] std::uint32_t operator()(std::string_view bytes) const {
    const std::uint64_t sum = wide(bytes);
    return static_cast<std::uint32_t>(sum ^ (sum >> 32));
  }
  // The same on every machine.
  [[nodiscard]] std::uint64_t wide(std::string_view bytes) const;

 private:
  Secret secret_;
};

}  // namespace sluice::store
