// SPDX-License-Identifier: Apache-2.0
// The tables of `egctl top` on a terminal of so many rows and columns.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "egctl/invocation.h"
#include "egctl/live_state.h"
#include "egctl/table.h"

namespace sluice::egctl {

struct TopScreen {
  std::size_t rows = 0;
  std::size_t columns = 0;
};
// The terminal of standard output; nullopt if it is none, or tells no size.
[[nodiscard]] std::optional<TopScreen> top_screen();

// A row whose `busy` is 0 is the first to be left out.
struct TopRow {
  double busy = 0;
  Row cells;
};
struct TopTable {
  Row titles;
  std::vector<TopRow> rows;
};

// The first characters of a line: no more than `columns`, the last of which says that it is cut.
[[nodiscard]] std::string cut_line(std::string_view line, std::size_t columns);
// `parts` with two spaces between them, in lines of at most `columns` where a part fits.
[[nodiscard]] std::string wrapped_parts(const std::vector<std::string>& parts, std::size_t columns);
// The head as it is, then as many rows of the tables as there is room for, busy ones first; at the
// end, how many are left out. Without a screen, all rows.
[[nodiscard]] std::string fit_tables(const Invocation& invocation, const std::string& head,
                                     std::vector<TopTable> tables,
                                     const std::optional<TopScreen>& screen);

// Waits until the figures are those of a sample that began after this call, and returns them. Does
// not wait where the server has no place for a further follower.
[[nodiscard]] Result<Json> read_next_live(const Invocation& invocation, const ApiClient& client);

}  // namespace sluice::egctl
