// SPDX-License-Identifier: Apache-2.0
// Parses a template. Any thread.
#pragma once

#include <string_view>

#include "base/result.h"
#include "templates/lexer.h"
#include "templates/nodes.h"

namespace sluice::templates {

inline constexpr int kTemplateDepthMax = 100;  // of blocks and parentheses

// Errors: `invalid`, with the line.
[[nodiscard]] Result<Program> parse(std::string_view text, const Delimiters& delimiters);

}  // namespace sluice::templates
