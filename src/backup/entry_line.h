// SPDX-License-Identifier: Apache-2.0
// A line of an entry of shared data, in the files of export-data and of backups:
// {"key":"...","value":"..."}. `key64` and `value64` hold base64 of bytes that are not UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace sluice::backup {

// Appends the line, with its line break.
void append_entry_line(std::string_view key, std::string_view value, std::string& out);
// Returns false if the line is no entry. `key` and `value` then mean nothing.
[[nodiscard]] bool parse_entry_line(std::string_view line, std::string& key, std::string& value);

}  // namespace sluice::backup
