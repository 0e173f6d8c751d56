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

// The bracket, `[` or `{`, that is open at the end of the text, the innermost one, if the flow
// collection at `at` (or behind its tag and anchor) does not end (YAML 1.2 section 7.4).
[[nodiscard]] std::optional<std::size_t> unclosed_bracket(std::string_view text, std::size_t at);

}  // namespace sluice::config
