// SPDX-License-Identifier: Apache-2.0
// Writes a text as a JSON string, without a JSON value around it. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Appends `text` in quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string_view text, std::string& out);

}  // namespace sluice
