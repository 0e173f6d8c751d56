// SPDX-License-Identifier: Apache-2.0
// The type through which readers of shared data pass on entries, and their common limit.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/lines.h"
#include "base/result.h"

namespace sluice::admin {

// The limit for the source text of one entry, or of one line: a key, and a value of 1 MiB in which
// every byte is an escape. The data as a whole has no limit.
inline constexpr std::size_t kEntryBytesMax = 8 << 20;

// Takes one entry. An error ends the reading.
using AddEntry = std::function<Result<void>(std::string_view key, std::string_view value)>;

[[nodiscard]] inline std::unexpected<Error> entry_too_large(std::size_t line) {
  return at_line(line, "the entry is longer than " + std::to_string(kEntryBytesMax >> 20) + " MiB",
                 ErrorKind::too_large);
}

}  // namespace sluice::admin
