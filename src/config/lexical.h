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

// Whether the flow collection, `[` or `{`, at `at` ends within the text (YAML 1.2 section 7.4).
// `at` may stand at its tag or anchor.
[[nodiscard]] bool flow_is_closed(std::string_view text, std::size_t at);

}  // namespace sluice::config
