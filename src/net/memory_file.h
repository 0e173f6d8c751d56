// SPDX-License-Identifier: Apache-2.0
// Text passed to another process as a descriptor. It has any length, and is on no disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/descriptor_channel.h"

namespace sluice::net {

inline constexpr std::size_t kMemoryFileBytesMax = std::size_t{16} << 20;

// Returns a new file (memfd_create(2)) with `text`. exec closes it. Error: `internal`.
[[nodiscard]] Result<Descriptor> write_memory_file(std::string_view text);
// Returns the whole text. Errors: `too_large` beyond kMemoryFileBytesMax, `internal`.
[[nodiscard]] Result<std::string> read_memory_file(const Descriptor& file);

}  // namespace sluice::net
