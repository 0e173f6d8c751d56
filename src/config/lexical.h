// SPDX-License-Identifier: Apache-2.0
// Checks of the lexical form of YAML text that the parser does not make. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::config {

// Returns the opening quote of the scalar at `at` (behind its tag and anchor) if the text ends
// before the closing quote (YAML 1.2 section 7.3). Returns nullopt if the scalar is closed or not
// quoted.
[[nodiscard]] std::optional<char> unclosed_quote(std::string_view text, std::size_t at);

// Returns the position of the opening quote, `"` or `'`, of a scalar in which `text` ends. Searches
// from the scalar (or white space) at `at`. Returns nullopt if there is none.
[[nodiscard]] std::optional<std::size_t> open_quote(std::string_view text, std::size_t at);

// Returns the greatest depth of the brackets of `text`, quotes and comments ignored. It is an upper
// bound of the nesting, and of the memory that a parser needs to read ahead.
[[nodiscard]] std::size_t bracket_depth(std::string_view text);

// Returns the position of the innermost bracket, `[` or `{`, that is open at the end of the text if
// the flow collection at `at` (or behind its tag and anchor) does not end (YAML 1.2 section 7.4).
// Returns nullopt if it ends.
[[nodiscard]] std::optional<std::size_t> unclosed_bracket(std::string_view text, std::size_t at);

}  // namespace sluice::config
