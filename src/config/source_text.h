// SPDX-License-Identifier: Apache-2.0
// Checks and prepares the text of a document for the YAML parser. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::config {

// Returns "line 3, column 7: …"; both count from 1.
[[nodiscard]] std::string at_position(std::size_t line, std::size_t column,
                                      std::string_view reason);

// Returns the error `invalid` with the position of the byte `at` of `text`.
[[nodiscard]] Error error_at(std::string_view text, std::size_t at, std::string_view reason);

// Returns the text without the byte order mark. JSON escapes outside the basic plane
// (\ud83d\ude00), which YAML lacks, become YAML's (\U0001f600). Error `invalid` for octets that are
// not UTF-8, and for control characters: YAML forbids them, and the parser would take byte 4 for
// the end of the text.
[[nodiscard]] Result<std::string> prepare_source(std::string_view text);

}  // namespace sluice::config
