// SPDX-License-Identifier: Apache-2.0
// Parses a few entries of a map with the YAML parser.
#pragma once

#include <string_view>

#include "admin/data/entry.h"

namespace sluice::admin {

// `text` is YAML (so it may be JSON): a map of keys to scalars, which go to `add` in order.
// Unquoted numbers keep their spelling. Errors name the line, counted from `first_line`.
[[nodiscard]] Result<void> parse_slow_entries(std::string_view text, std::size_t first_line,
                                              const AddEntry& add);

}  // namespace sluice::admin
