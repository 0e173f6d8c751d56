// SPDX-License-Identifier: Apache-2.0
#include "admin/data/yaml_line.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "base/text.h"
#include "base/utf8.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kBinary = "!!binary ";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool is_null(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

std::string_view without_spaces_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

bool may_begin_plain(std::string_view text) {
  const char c = text[0];
  if (c == '-') return text.size() > 1 && text[1] != ' ';
  return !is_ascii(c) || is_alphanumeric(c) ||
         std::string_view("/_.+$(^;~").find(c) != std::string_view::npos;
}

// The end of a plain scalar: at `: ` or ` #`, or at the end of the text.
std::size_t plain_end(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return i;
    if (c == '#' && i > 0 && text[i - 1] == ' ') return i;
  }
  return text.size();
}

bool take_plain(std::string_view& rest, std::string& out) {
  if (rest.empty() || !may_begin_plain(rest)) return false;
  const std::string_view text = without_spaces_behind(rest.substr(0, plain_end(rest)));
  if (is_null(text)) return false;
  out = text;
  rest.remove_prefix(text.size());
  return true;
}

bool take_single_quoted(std::string_view& rest, std::string& out) {
  out.clear();
  rest.remove_prefix(1);
  while (true) {
    const std::size_t quote = rest.find('\'');
    if (quote == std::string_view::npos) return false;
    out += rest.substr(0, quote);
    rest.remove_prefix(quote + 1);
    if (!rest.starts_with('\'')) return true;
    out += '\'';
    rest.remove_prefix(1);
  }
}

// Takes the code point of an escape. Half of a surrogate pair is left to the YAML parser.
bool take_code_point(std::string_view& rest, std::size_t digits, std::string& out) {
  if (rest.size() < digits) return false;
  const auto value = to_number<unsigned>(rest.substr(0, digits), 16);
  if (!value || is_surrogate(*value)) return false;
  rest.remove_prefix(digits);
  append_utf8(out, *value);
  return true;
}

// Takes the escape after a backslash. The rarer ones are left to the YAML parser.
bool take_escape(std::string_view& rest, std::string& out) {
  if (rest.empty()) return false;
  const char c = rest[0];
  rest.remove_prefix(1);
  switch (c) {
    case '"':
    case '\\':
    case '/':
      out += c;
      return true;
    case 'n':
      out += '\n';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'r':
      out += '\r';
      return true;
    case 'x':
      return take_code_point(rest, 2, out);
    case 'u':
      return take_code_point(rest, 4, out);
    default:
      return false;
  }
}

bool take_double_quoted(std::string_view& rest, std::string& out) {
  out.clear();
  rest.remove_prefix(1);
  while (true) {
    const std::size_t stop = rest.find_first_of("\"\\");
    if (stop == std::string_view::npos) return false;
    out += rest.substr(0, stop);
    const bool closes = rest[stop] == '"';
    rest.remove_prefix(stop + 1);
    if (closes) return true;
    if (!take_escape(rest, out)) return false;
  }
}

bool take_text(std::string_view& rest, std::string& out) {
  if (rest.starts_with('"')) return take_double_quoted(rest, out);
  if (rest.starts_with('\'')) return take_single_quoted(rest, out);
  return take_plain(rest, out);
}

bool take_scalar(std::string_view& rest, std::string& out) {
  if (!rest.starts_with(kBinary)) return take_text(rest, out);
  rest.remove_prefix(kBinary.size());
  skip_spaces(rest);
  if (!take_text(rest, out)) return false;
  std::optional<std::string> bytes = base64_decode(out);
  if (!bytes) return false;
  out = *std::move(bytes);
  return true;
}

bool ends_line(std::string_view rest) {
  const bool spaced = rest.starts_with(' ');
  skip_spaces(rest);
  return rest.empty() || (spaced && rest[0] == '#');
}

}  // namespace

bool parse_yaml_line(std::string_view line, store::Entry& out) {
  if (std::ranges::any_of(line, is_control)) return false;
  if (!std::ranges::all_of(line, is_ascii) && !is_utf8(line)) return false;
  if (!take_scalar(line, out.key)) return false;
  skip_spaces(line);
  if (!line.starts_with(": ")) return false;
  line.remove_prefix(2);
  skip_spaces(line);
  if (!take_scalar(line, out.value)) return false;
  return ends_line(line);
}

}  // namespace sluice::admin
