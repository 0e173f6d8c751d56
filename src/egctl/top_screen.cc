// SPDX-License-Identifier: Apache-2.0
#include "egctl/top_screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/utf8.h"

namespace sluice::egctl {
namespace {

constexpr std::size_t kTitleLines = 2;  // of a table: a blank one, and its titles
constexpr std::size_t kCellMin = 12;    // a longer cell may be cut
constexpr std::size_t kNameMin = 10;    // and the first one of a row before the others
constexpr std::size_t kCellGap = 2;
constexpr std::string_view kCut = "…";
constexpr int kEventsAwaited = 2;  // the first has the figures of a sample before

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    all.push_back(text.substr(0, first_utf8_char(text).size));
    text.remove_prefix(all.back().size());
  }
  return all;
}

// The begin and the end of a name, of at most `width` characters.
std::string cut_name(const std::string& name, std::size_t width) {
  const auto characters = characters_of(name);
  if (characters.size() <= width) return name;
  const std::size_t head = (width - 1) / 2;
  const std::size_t tail = width - 1 - head;
  std::string text;
  for (std::size_t i = 0; i < head; ++i) text += characters[i];
  text += kCut;
  for (std::size_t i = characters.size() - tail; i < characters.size(); ++i) text += characters[i];
  return text;
}

// Cuts the first column, then the widest ones, until the table has at most `columns`.
void narrow_cells(std::vector<Row>& rows, std::size_t columns) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], characters_of(row[i]).size());
  }
  const std::size_t gaps = kCellGap * (widths.size() - 1);
  while (std::accumulate(widths.begin(), widths.end(), gaps) > columns) {
    const auto widest = widths[0] > kNameMin ? widths.begin() : std::ranges::max_element(widths);
    if (widest != widths.begin() && *widest <= kCellMin) break;
    if (*widest <= kNameMin) break;
    --*widest;
  }
  for (Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = cut_name(row[i], widths[i]);
  }
}

// The number of rows of each table: one of each, then in turn, busy ones before the others.
std::vector<std::size_t> rows_that_fit(const std::vector<TopTable>& tables, std::size_t lines) {
  std::vector<std::size_t> counts(tables.size(), 0);
  // Gives each table a row that `is_wanted`, if there is room. Returns whether one was given.
  const auto give = [&](const auto& is_wanted) {
    bool given = false;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const std::size_t cost = counts[i] == 0 ? kTitleLines + 1 : 1;
      if (counts[i] == tables[i].rows.size() || cost > lines) continue;
      if (!is_wanted(tables[i].rows[counts[i]])) continue;
      lines -= cost;
      ++counts[i];
      given = true;
    }
    return given;
  };
  const auto any = [](const TopRow&) { return true; };
  give(any);
  while (give([](const TopRow& row) { return row.busy > 0; })) continue;
  while (give(any)) continue;
  return counts;
}

std::size_t lines_of(const std::vector<TopTable>& tables) {
  std::size_t lines = 0;
  for (const TopTable& table : tables)
    lines += table.rows.empty() ? 0 : kTitleLines + table.rows.size();
  return lines;
}

std::string cut_lines(std::string_view text, std::size_t columns) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += cut_line(text.substr(0, end), columns) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// `count` rows of a table, with a blank line before them.
std::string some_rows(const Invocation& invocation, const TopTable& table, std::size_t count,
                      const std::optional<TopScreen>& screen) {
  if (count == 0) return "";
  std::vector<Row> rows{table.titles};
  for (std::size_t i = 0; i < count; ++i) rows.push_back(table.rows[i].cells);
  if (screen) narrow_cells(rows, screen->columns);
  return "\n" + invocation.narrow_table(rows);
}

}  // namespace

std::optional<TopScreen> top_screen() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  if (size.ws_row == 0 || size.ws_col == 0) return {};
  return TopScreen{size.ws_row, size.ws_col};
}

std::string cut_line(std::string_view line, std::size_t columns) {
  const auto characters = characters_of(line);
  if (characters.size() <= columns) return std::string(line);
  std::string text;
  for (std::size_t i = 0; i + 1 < columns; ++i) text += characters[i];
  return text.append(kCut);
}

std::string wrapped_parts(const std::vector<std::string>& parts, std::size_t columns) {
  std::string text;
  std::size_t width = 0;
  for (const std::string& part : parts) {
    const std::size_t its = characters_of(part).size();
    const bool fits = width == 0 || width + kCellGap + its <= columns;
    if (width > 0) text += fits ? "  " : "\n";
    width = (width > 0 && fits ? width + kCellGap : 0) + its;
    text += part;
  }
  return text + "\n";
}

std::string fit_tables(const Invocation& invocation, const std::string& head,
                       std::vector<TopTable> tables, const std::optional<TopScreen>& screen) {
  std::size_t rows = 0;
  for (TopTable& table : tables) {
    std::ranges::stable_sort(table.rows, std::greater(), &TopRow::busy);
    rows += table.rows.size();
  }
  std::string text = screen ? cut_lines(head, screen->columns) : head;
  // The last line of a terminal is that of the cursor.
  const auto head_lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  const std::size_t lines = screen ? screen->rows - std::min(screen->rows, head_lines + 1) : 0;
  const bool all = !screen || lines_of(tables) <= lines;
  std::vector<std::size_t> counts;
  for (const TopTable& table : tables) counts.push_back(table.rows.size());
  if (!all) counts = rows_that_fit(tables, lines - std::min<std::size_t>(lines, 1));
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const std::string its = some_rows(invocation, tables[i], counts[i], screen);
    text += screen ? cut_lines(its, screen->columns) : its;
  }
  if (!all && lines > 0) {
    const std::size_t left = rows - std::accumulate(counts.begin(), counts.end(), std::size_t{0});
    text += std::to_string(left) + " more\n";
  }
  return text;
}

Result<Json> read_next_live(const Invocation& invocation, const ApiClient& client) {
  int events = 0;
  const Result<void> awaited = follow_live(client, [&](const LiveState&) -> Result<void> {
    if (++events < kEventsAwaited) return {};
    return fail(ErrorKind::closed, "enough");
  });
  if (events < kEventsAwaited && invocation.contact->unreached) {
    return std::unexpected(awaited.error());
  }
  return read_live(client);
}

}  // namespace sluice::egctl
