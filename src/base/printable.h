// SPDX-License-Identifier: Apache-2.0
// Escapes external text for a log line or a terminal. The result cannot end the line, move the
// cursor, or reverse the text beside it. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// The lines of a result: one, or those of the text.
enum class Lines { one, many };

// Appends `text` with escapes. Control characters (C0, DEL, C1), octets that are not UTF-8, and the
// marks of line ends and of writing direction become \xNN for each octet. A line feed becomes a
// backslash and an n. Lines::many keeps line feeds and tabs.
void append_printable(std::string& out, std::string_view text, Lines lines = Lines::one);
// Returns what append_printable() appends.
[[nodiscard]] std::string printable(std::string_view text, Lines lines = Lines::one);

}  // namespace sluice
