// SPDX-License-Identifier: Apache-2.0
#include "wasm/guest_memory.h"

#include <string>

namespace sluice::wasm {

std::unexpected<Error> GuestMemory::outside(std::uint32_t address, std::uint64_t size) const {
  return fail(ErrorKind::invalid,
              std::to_string(size) + " bytes at address " + std::to_string(address) +
                  " lie outside the guest's memory of " + std::to_string(size_) + " bytes");
}

}  // namespace sluice::wasm
