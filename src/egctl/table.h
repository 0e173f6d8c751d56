// SPDX-License-Identifier: Apache-2.0
// The tables and ages of `egctl get`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::egctl {

using Row = std::vector<std::string>;

enum class Header { shown, hidden };

// A table that a script can cut: one row a line, at least 2 spaces between columns, no more than
// one inside a cell, and "-" for an empty cell. Columns are padded to tab stops of 8; the last one
// is not padded. The first row is the header; the columns are as wide when it is hidden.
[[nodiscard]] std::string format_table(const std::vector<Row>& rows, Header header = Header::shown);
// The same without tab stops, for a terminal.
[[nodiscard]] std::string format_narrow_table(const std::vector<Row>& rows, Header header);

// Accepts RFC 3339 with an offset or Z; nullopt for any other text.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_rfc3339(
    std::string_view text);
// The age in its largest unit: "3d", "5h", "2m", "10s"; "" if `since` is not a time.
[[nodiscard]] std::string format_age(std::string_view since,
                                     std::chrono::system_clock::time_point now);

}  // namespace sluice::egctl
