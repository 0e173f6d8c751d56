// SPDX-License-Identifier: Apache-2.0
// Checks and prepares the text of a document for the YAML parser. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::config {

// Returns the error `invalid`, "line 3, column 7: …", with the position of the byte `at` of `text`.
// Line and column, in bytes, count from 1.
[[nodiscard]] Error error_at(std::string_view text, std::size_t at, std::string_view reason);

// Returns the line of `text` that `error`, of error_at(), is about, and below it a caret at the
// column. Of a long line only the part around the column. Nothing for other errors.
[[nodiscard]] std::vector<std::string> excerpt(std::string_view text, const Error& error);

// Returns the text without the byte order mark. JSON escapes outside the basic plane
// (\ud83d\ude00), which YAML lacks, become YAML's (\U0001f600). Error `invalid` for octets that are
// not UTF-8, and for control characters: YAML forbids them, and the parser would take byte 4 for
// the end of the text.
[[nodiscard]] Result<std::string> prepare_source(std::string_view text);

}  // namespace sluice::config
