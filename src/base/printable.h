// SPDX-License-Identifier: Apache-2.0
// Escapes external text for a log line or a terminal. The result cannot end the line, move the
// cursor, or reverse the text beside it. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

enum class Lines { one, many };

// Appends `text` with escapes: control characters (C0, DEL, C1), octets that are not UTF-8, and the
// marks of line ends and of writing direction become \xNN for each octet, and line feeds become
// . Lines::many keeps line feeds and tabs.
void append_printable(std::string& out, std::string_view text, Lines lines = Lines::one);
[[nodiscard]] std::string printable(std::string_view text, Lines lines = Lines::one);

}  // namespace sluice
