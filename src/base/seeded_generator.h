// SPDX-License-Identifier: Apache-2.0
// A generator whose whole state comes from the system, not 32 bits of it. Not for secrets.
#pragma once

#include <random>

namespace sluice {

inline std::mt19937_64 seeded_generator() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device(),
                     device(), device(), device(), device()};
  return std::mt19937_64(seed);
}

}  // namespace sluice
