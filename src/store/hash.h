// SPDX-License-Identifier: Apache-2.0
// SipHash-1-3 with a secret per process, cut to 32 bits. Clients choose keys, and must not be able
// to choose keys that collide.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::store {

class Hash {
 public:
  Hash();  // a new random secret
  [[nodiscard]] std::uint32_t operator()(std::string_view bytes) const;

 private:
  std::uint64_t secret_[2];
};

}  // namespace sluice::store
