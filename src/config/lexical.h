// SPDX-License-Identifier: Apache-2.0
// The lexical form of YAML text, as far as the parser does not check it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::config {

// The quote that the scalar at `at` begins with, after its tag and anchor, if the text ends before
// the closing one (YAML 1.2 section 7.3); nullopt if the scalar is closed or not quoted.
[[nodiscard]] std::optional<char> unclosed_quote(std::string_view text, std::size_t at);

// The opening quote, `"` or `'`, of a scalar that `text` ends in, looked for from the scalar (or
// white space) at `at` on; nullopt if there is none.
[[nodiscard]] std::optional<std::size_t> open_quote(std::string_view text, std::size_t at);

// How deep the brackets of `text` nest at most if quotes and comments are ignored: an upper bound
// of how deep it nests, and of what a parser that reads ahead holds for that.
[[nodiscard]] std::size_t bracket_depth(std::string_view text);

// The bracket, `[` or `{`, that is open at the end of the text, the innermost one, if the flow
// collection at `at` (or behind its tag and anchor) does not end (YAML 1.2 section 7.4).
[[nodiscard]] std::optional<std::size_t> unclosed_bracket(std::string_view text, std::size_t at);

}  // namespace sluice::config
