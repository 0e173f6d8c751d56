// SPDX-License-Identifier: Apache-2.0
// What every reader of shared data hands on, and the limit that all of them keep.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::admin {

// The source text of one entry, or of one line: a value of 1 MiB in which every byte is an escape,
// and its key. The data as a whole has no limit.
inline constexpr std::size_t kEntryBytesMax = 8 << 20;

// Takes one entry; its error ends the reading.
using AddEntry = std::function<Result<void>(std::string_view key, std::string_view value)>;

// "line 12: " before the message.
[[nodiscard]] inline std::unexpected<Error> at_line(std::size_t line, Error error) {
  error.message = "line " + std::to_string(line) + ": " + error.message;
  return std::unexpected(std::move(error));
}

[[nodiscard]] inline std::unexpected<Error> at_line(std::size_t line, std::string message,
                                                    ErrorKind kind = ErrorKind::invalid) {
  return at_line(line, Error{kind, std::move(message)});
}

[[nodiscard]] inline std::unexpected<Error> entry_too_large(std::size_t line) {
  return at_line(line, "the entry is longer than " + std::to_string(kEntryBytesMax >> 20) + " MiB",
                 ErrorKind::too_large);
}

}  // namespace sluice::admin
