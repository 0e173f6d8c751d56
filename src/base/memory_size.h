// SPDX-License-Identifier: Apache-2.0
// Sizes of memory as people write them, and how much of it this process may have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// "1048576", "512KiB", "64MiB", "2GiB", also "64M" and "64MB"; all of them powers of 1024. nullopt
// for anything else, and beyond 2^63.
[[nodiscard]] std::optional<std::uint64_t> parse_memory_size(std::string_view text);
// "2 GiB", "1.5 MiB", "900 B".
[[nodiscard]] std::string format_memory_size(std::uint64_t bytes);

// The least of: the machine's memory, the limits of the cgroups (version 1 or 2) that the process
// is in. Reads files; for a start. `root`: where /proc and /sys stand, for tests.
[[nodiscard]] std::uint64_t available_memory(const std::string& root = "");

}  // namespace sluice
