// SPDX-License-Identifier: Apache-2.0
// Patterns of names: `*.conf`, `/static/*/[a-z]?.js`. Any thread.
#pragma once

#include <string_view>

namespace sluice {

// True if `pattern` is well formed: each `[` has its `]` with something between, and no `\` is
// last.
[[nodiscard]] bool is_glob(std::string_view pattern);

// True if the whole of `text` fits `pattern`. `*` stands for any text without a slash, `?` for one
// octet but a slash, `[a-c]` and `[^a-c]` for one of a set, and `\` takes the next octet as it is.
// The time is at most the product of both lengths. Requires: is_glob(pattern).
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace sluice
