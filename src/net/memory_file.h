// SPDX-License-Identifier: Apache-2.0
// Text that goes from one process to another as a descriptor: of any length, and on no disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/descriptor_channel.h"

namespace sluice::net {

inline constexpr std::size_t kMemoryFileBytesMax = std::size_t{16} << 20;

[[nodiscard]] Result<OwnedDescriptor> write_memory_file(std::string_view text);
// All of it. Error `too_large` beyond kMemoryFileBytesMax.
[[nodiscard]] Result<std::string> read_memory_file(const OwnedDescriptor& file);

}  // namespace sluice::net
