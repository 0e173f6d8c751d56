// SPDX-License-Identifier: Apache-2.0
// Snapshot: how the memory of a guest that has been set up differs from that of a new one. A new
// guest that takes it on is as far as the first, without running anything. Immutable; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/guest_memory.h"

namespace sluice::wasm {

struct Snapshot {
  struct Piece {
    std::uint32_t address;
    std::string bytes;
  };
  std::uint64_t memory_bytes = 0;
  std::vector<Piece> pieces;
  std::uint32_t errors_at = 0;  // as HostCall::send_errors_to
  std::uint32_t errors_bytes_max = 0;
};

// The pieces of `after` that differ from `before`, which is the memory of a new guest.
[[nodiscard]] std::vector<Snapshot::Piece> differing_pieces(std::string_view before,
                                                            std::string_view after);

}  // namespace sluice::wasm
