// SPDX-License-Identifier: Apache-2.0
#include "egctl/table.h"

#include <algorithm>

#include "base/printable.h"
#include "base/text.h"
#include "base/utf8.h"

namespace sluice::egctl {
namespace {

constexpr std::size_t kTabStop = 8;
constexpr std::size_t kGap = 2;

// Columns begin at multiples of `stop`.
std::size_t padded(std::size_t width, std::size_t stop) {
  return (width + kGap + stop - 1) / stop * stop;
}

std::string cell_of(const std::string& text) {
  std::string cell;
  for (const char c : text) {
    const bool blank = c == ' ' || static_cast<unsigned char>(c) < 0x20;
    if (!blank) cell += c;
    if (blank && !cell.empty() && !cell.ends_with(' ')) cell += ' ';
  }
  if (cell.ends_with(' ')) cell.pop_back();
  return cell.empty() ? "-" : printable(cell);
}

// In characters: each is taken to be one column wide.
std::size_t width_of(std::string_view cell) {
  std::size_t width = 0;
  while (!cell.empty()) {
    cell.remove_prefix(first_utf8_char(cell).size);
    ++width;
  }
  return width;
}

std::vector<std::size_t> widths_of(const std::vector<Row>& rows, std::size_t stop) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (std::size_t& width : widths) width = padded(width, stop);
  return widths;
}

std::string line_of(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]), ' ');
  }
  return line;
}

std::string table_of(const std::vector<Row>& given, Header header, std::size_t stop) {
  std::vector<Row> rows = given;
  for (Row& row : rows) std::ranges::transform(row, row.begin(), cell_of);
  const std::vector<std::size_t> widths = widths_of(rows, stop);
  std::string out;
  for (std::size_t i = header == Header::hidden ? 1 : 0; i < rows.size(); ++i)
    out += line_of(rows[i], widths) + "\n";
  return out;
}

// Takes `digits` digits from the front of `text` if `separator` follows (0: anything).
std::optional<int> take(std::string_view& text, std::size_t digits, char separator) {
  if (text.size() < digits) return std::nullopt;
  const auto value = to_number<std::uint16_t>(text.substr(0, digits));
  if (!value) return std::nullopt;
  text.remove_prefix(digits);
  if (separator == 0) return value;
  if (!text.starts_with(separator)) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

// Takes the text after the seconds: an optional fraction, then Z or an offset.
std::optional<std::chrono::minutes> take_offset(std::string_view text) {
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t end = text.find_first_not_of("0123456789");
    text.remove_prefix(std::min(end, text.size()));
  }
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  const bool minus = text.starts_with('-');
  if (!minus && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take(text, 2, ':');
  const auto minutes = take(text, 2, 0);
  if (!hours || !minutes || !text.empty()) return std::nullopt;
  return std::chrono::minutes((*hours * 60 + *minutes) * (minus ? -1 : 1));
}

}  // namespace

std::string format_table(const std::vector<Row>& rows, Header header) {
  return table_of(rows, header, kTabStop);
}

std::string format_narrow_table(const std::vector<Row>& rows, Header header) {
  return table_of(rows, header, 1);
}

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) {
  const auto year = take(text, 4, '-');
  const auto month = year ? take(text, 2, '-') : std::nullopt;
  const auto day = month ? take(text, 2, 'T') : std::nullopt;
  const auto hour = day ? take(text, 2, ':') : std::nullopt;
  const auto minute = hour ? take(text, 2, ':') : std::nullopt;
  const auto second = minute ? take(text, 2, 0) : std::nullopt;
  const auto offset = second ? take_offset(text) : std::nullopt;
  if (!offset) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) - *offset;
}

std::string format_age(std::string_view since, std::chrono::system_clock::time_point now) {
  const auto begin = parse_rfc3339(since);
  if (!begin) return "";
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::round<std::chrono::seconds>(now - *begin).count());
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  if (seconds >= kDay) return std::to_string((seconds + kDay / 2) / kDay) + "d";
  if (seconds >= kHour) return std::to_string((seconds + kHour / 2) / kHour) + "h";
  if (seconds >= kMinute) return std::to_string((seconds + kMinute / 2) / kMinute) + "m";
  return std::to_string(seconds) + "s";
}

}  // namespace sluice::egctl
