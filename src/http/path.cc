// SPDX-License-Identifier: Apache-2.0
#include "http/path.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "http/chars.h"
#include "http/message.h"

namespace sluice::http {
namespace {

constexpr CharTable kUnreserved = make_table("-._~");            // RFC 3986 section 2.3
constexpr CharTable kCertain = make_table("-._~!$&'()*+,=:@/");  // unambiguous, except for dots
constexpr std::size_t kEscapeBytes = 3;
constexpr std::size_t kReadingsMax = 16;
// The white space of Unicode beyond ASCII, and two zero-width characters that functions for
// trimming text also remove.
constexpr std::array<std::string_view, 21> kBlanks{
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\x8b", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf",
    "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf"};

constexpr std::array kTexts{
    std::pair{PathDoubt::separator, "an escaped slash or a backslash"},
    std::pair{PathDoubt::again, "an escape that is escaped once more"},
    std::pair{PathDoubt::parameter, "a semicolon"},
    std::pair{PathDoubt::edge, "a blank, dot or control character at the edge of a segment"},
    std::pair{PathDoubt::end, "an escaped ? or #"},
    std::pair{PathDoubt::bytes, "octets that are no URI or no UTF-8"},
    std::pair{PathDoubt::above_root, "dots that lead above the root"},
    std::pair{PathDoubt::wide, "a fullwidth form of an ASCII character"}};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// True if the path is in normal form and has no doubts.
bool is_certain(std::string_view path) {
  char before = 0;
  for (const char c : path) {
    if (!is_in(kCertain, c)) return false;
    if (c == '/' && (before == '/' || before == '.')) return false;
    if (c == '.' && before == '/') return false;
    before = c;
  }
  return before != '.';
}

// Returns the octet of the escape at `text[at]`.
char unescape(std::string_view text, std::size_t at) {
  return static_cast<char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
}

bool is_escape(std::string_view text, std::size_t at) {
  return text.size() - at >= kEscapeBytes && text[at] == '%' && hex_value(text[at + 1]) >= 0 &&
         hex_value(text[at + 2]) >= 0;
}

bool has_escaped_separator(std::string_view segment) {
  for (std::size_t i = segment.find('%'); i != segment.npos; i = segment.find('%', i + 1)) {
    if (!is_escape(segment, i)) continue;
    const char c = unescape(segment, i);
    if (c == '/' || c == '\\') return true;
  }
  return false;
}

void append_segment(std::string& out, std::string_view segment) {
  const bool keep = has_escaped_separator(segment);
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const char c = segment[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      append_percent_encoded(out, c);
    } else if (c != '%' || keep || !is_escape(segment, i)) {
      out += c;
    } else {
      const char octet = unescape(segment, i);
      if (is_in(kUnreserved, octet)) {
        out += octet;
      } else {
        append_percent_encoded(out, octet);
      }
      i += kEscapeBytes - 1;
    }
  }
}

bool is_dots(std::string_view segment) { return segment == "." || segment == ".."; }

// Resolves a segment at the end of a path without dot segments: removes it if it is a dot segment
// or empty. `start` is its position, after its slash.
struct Resolver {
  bool had_dots = false;
  bool above_root = false;

  // Invariant: `out` ends with '/' where a next segment begins.
  void end_segment(std::string& out, std::size_t start, bool last) {
    const std::string_view segment = std::string_view(out).substr(start);
    if (!is_dots(segment)) {
      if (!segment.empty() && !last) out += '/';
      return;
    }
    had_dots = true;
    const bool up = segment.size() == 2;
    out.resize(start);
    if (!up) return;
    if (out.size() == 1) {
      above_root = true;
      return;
    }
    out.resize(out.rfind('/', out.size() - 2) + 1);
  }
};

std::string decode_again(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool escaped = is_escape(path, i);
    out += escaped ? unescape(path, i) : path[i];
    if (escaped) i += kEscapeBytes - 1;
  }
  return out;
}

std::string decode_overlong(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (const std::size_t size = overlong_ascii(path.substr(i), c); size > 0) i += size - 1;
    out += c;
  }
  return out;
}

// Returns the ASCII character whose fullwidth form is at the front of `text`, or 0.
char wide_form(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xef') return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  const auto third = static_cast<unsigned char>(text[2]);
  if (second == 0xbc && third >= 0x81 && third <= 0xbf) return static_cast<char>(third - 0x60);
  if (second == 0xbd && third >= 0x80 && third <= 0x9e) return static_cast<char>(third - 0x20);
  return 0;
}

// Returns how many octets at the front or the end of `text` form a blank. If the text is not UTF-8
// (`latin1`), blanks of ISO 8859-1 count too.
std::size_t blank_at(std::string_view text, bool front, bool latin1) {
  if (text.empty()) return 0;
  const char edge = front ? text.front() : text.back();
  if (edge == ' ' || (latin1 && (edge == '\xa0' || edge == '\x85'))) return 1;
  for (const std::string_view blank : kBlanks) {
    if (front ? text.starts_with(blank) : text.ends_with(blank)) return blank.size();
  }
  return 0;
}

bool has_edge(std::string_view segment) {
  if (segment.empty() || is_dots(segment)) return false;
  return blank_at(segment, true, false) > 0 || blank_at(segment, false, false) > 0 ||
         segment.back() == '.' || std::ranges::any_of(segment, is_control);
}

// Returns the doubts of a decoded path.
PathDoubts doubts_of(std::string_view path) {
  PathDoubts doubts;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    char ignored = 0;
    if (c == '\\') doubts.add(PathDoubt::separator);
    if (c == ';') doubts.add(PathDoubt::parameter);
    if (c == '?' || c == '#') doubts.add(PathDoubt::end);
    const bool may_be_overlong = static_cast<unsigned char>(c) >= 0xc0;
    if (is_escape(path, i) || (may_be_overlong && overlong_ascii(path.substr(i), ignored) > 0))
      doubts.add(PathDoubt::again);
    if (wide_form(path.substr(i)) != 0) doubts.add(PathDoubt::wide);
  }
  for (std::string_view rest = path; !rest.empty();) {
    if (has_edge(take_until(rest, '/'))) doubts.add(PathDoubt::edge);
  }
  return doubts;
}

// Applies `change` to each segment of the path.
template <typename Change>
std::string each_segment(std::string_view path, const Change& change) {
  std::string out;
  while (true) {
    const bool last = path.find('/') == path.npos;
    out += change(take_until(path, '/'));
    if (last) return out;
    out += '/';
  }
}

std::string cut_end(std::string_view path) {
  return std::string(path.substr(0, path.find_first_of("?#")));
}

std::string cut_parameters(std::string_view path) {
  return each_segment(path, [](std::string_view s) { return s.substr(0, s.find(';')); });
}

std::string turn_backslashes(std::string_view path) {
  std::string out(path);
  std::ranges::replace(out, '\\', '/');
  return out;
}

std::string drop_controls(std::string_view path) {
  std::string out(path);
  std::erase_if(out, is_control);
  return out;
}

std::string trim_segments(std::string_view path) {
  const bool latin1 = !is_utf8(path);
  return each_segment(path, [latin1](std::string_view segment) {
    while (const std::size_t size = blank_at(segment, true, latin1)) segment.remove_prefix(size);
    while (true) {
      const bool dot = segment.ends_with('.') && !is_dots(segment);
      const std::size_t size = dot ? 1 : blank_at(segment, false, latin1);
      if (size == 0) return segment;
      segment.remove_suffix(size);
    }
  });
}

std::string narrow(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = wide_form(path.substr(i));
    out += c != 0 ? c : path[i];
    if (c != 0) i += 2;
  }
  return out;
}

std::string merge_slashes(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  return out;
}

// RFC 3986 section 5.2.4: ".." also removes an empty segment.
std::string resolve_dots(std::string_view path) {
  if (!has_dot_segments(path)) return std::string(path);
  std::string out = "/";
  if (path.starts_with('/')) path.remove_prefix(1);
  for (bool last = false; !last;) {
    last = path.find('/') == path.npos;
    const std::string_view segment = take_until(path, '/');
    if (segment == ".." && out.size() > 1) {
      out.resize(out.rfind('/', out.size() - 2) + 1);
    } else if (!is_dots(segment)) {
      out += segment;
      if (!last) out += '/';
    }
  }
  return out;
}

// Returns the doubts of a path in normal form.
PathDoubts doubts_of_escaped(std::string_view escaped) {
  std::string path;
  PathDoubts doubts;
  if (!percent_decode(escaped, path)) return doubts;
  doubts = doubts_of(path);
  if (has_escaped_separator(escaped)) doubts.add(PathDoubt::separator);
  if (!is_utf8(path)) doubts.add(PathDoubt::bytes);
  return doubts;
}

}  // namespace

const char* PathDoubts::text() const {
  for (const auto& [doubt, text] : kTexts) {
    if (has(doubt)) return text;
  }
  return "";
}

NormalPath normalize_path(std::string& escaped) {
  NormalPath normal;
  if (is_certain(escaped)) return normal;
  std::string out = "/";
  out.reserve(escaped.size());
  Resolver resolver;
  std::string_view rest = std::string_view(escaped).substr(escaped.starts_with('/') ? 1 : 0);
  for (bool last = false; !last;) {
    last = rest.find('/') == rest.npos;
    const std::size_t start = out.size();
    append_segment(out, take_until(rest, '/'));
    resolver.end_segment(out, start, last);
  }
  const bool raw =
      std::ranges::any_of(escaped, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  normal.changed = out != escaped;
  normal.had_dots = resolver.had_dots;
  if (normal.changed) escaped = std::move(out);
  normal.doubts = doubts_of_escaped(escaped);
  if (raw) normal.doubts.add(PathDoubt::bytes);
  if (resolver.above_root) normal.doubts.add(PathDoubt::above_root);
  return normal;
}

std::string_view escaped_after(std::string_view escaped, std::size_t size) {
  while (size > 0 && !escaped.empty()) {
    const std::size_t one = escaped.front() == '%' ? 3 : 1;
    escaped.remove_prefix(std::min(one, escaped.size()));
    --size;
  }
  return escaped;
}

bool has_dot_segments(std::string_view path) {
  while (!path.empty()) {
    if (is_dots(take_until(path, '/'))) return true;
  }
  return false;
}

// Servers apply these steps in different orders.
std::optional<std::vector<std::string>> path_readings(std::string_view path) {
  constexpr std::array kSteps{decode_again,   decode_overlong,  narrow,        cut_end,
                              cut_parameters, turn_backslashes, drop_controls, trim_segments,
                              merge_slashes,  resolve_dots};
  std::vector<std::string> readings{std::string(path)};
  for (std::size_t i = 0; i < readings.size(); ++i) {
    for (const auto step : kSteps) {
      std::string reading = step(readings[i]);
      if (!reading.starts_with('/')) reading.insert(0, 1, '/');
      if (std::ranges::find(readings, reading) != readings.end()) continue;
      if (readings.size() > kReadingsMax) return std::nullopt;
      readings.push_back(std::move(reading));
    }
  }
  readings.erase(readings.begin());
  return readings;
}

}  // namespace sluice::http
