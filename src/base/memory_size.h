// SPDX-License-Identifier: Apache-2.0
// Sizes of memory in readable form, and the memory available to this process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Parses "1048576", "512KiB", "64MiB", "2GiB", also "64M" and "64MB"; all units are powers of 1024.
// Returns nullopt for other text, and beyond 2^63.
[[nodiscard]] std::optional<std::uint64_t> parse_memory_size(std::string_view text);
// "2 GiB", "1.5 MiB", "900 B".
[[nodiscard]] std::string format_memory_size(std::uint64_t bytes);

// Returns the least of the machine's memory and the limits of the process's cgroups (version 1 or
// 2). Reads files: for the start only. `root`: the directory that contains /proc and /sys, for
// tests.
[[nodiscard]] std::uint64_t available_memory(const std::string& root = "");

}  // namespace sluice
