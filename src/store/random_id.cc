// SPDX-License-Identifier: Apache-2.0
#include "store/random_id.h"

#include <algorithm>
#include <random>

#include "base/text.h"

namespace sluice::store {

RandomId RandomId::make() {
  std::random_device random;
  RandomId id;
  for (std::size_t i = 0; i < id.bytes.size(); i += 4) {
    const std::uint32_t word = random();
    for (std::size_t k = 0; k < 4; ++k) {
      id.bytes[i + k] = static_cast<std::uint8_t>(word >> (8 * k));
    }
  }
  return id;
}

std::string RandomId::text() const {
  return hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<RandomId> RandomId::parse(std::string_view text) {
  RandomId id;
  const auto octets = hex_decode(text);
  if (!octets || octets->size() != id.bytes.size()) return std::nullopt;
  std::ranges::copy(*octets, id.bytes.begin());
  return id;
}

}  // namespace sluice::store
