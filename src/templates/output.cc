// SPDX-License-Identifier: Apache-2.0
#include "templates/output.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "templates/parse_json.h"

namespace sluice::templates {
namespace {

// Without the values that stand aside: YAML takes up to 150 ms for a MiB.
constexpr std::size_t kYamlTextBytesMax = 512 * 1024;

// With these, a value could end its item of a list or a map in flow style.
constexpr std::string_view kFlowSigns = ",[]{}:#\"'&*!|";

bool is_break(char c) { return c == '\n' || c == '\r'; }

// A CR before an LF belongs to it.
std::string indented(std::string_view value, std::size_t indentation) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    out += value[i];
    const bool pair = value[i] == '\r' && i + 1 < value.size() && value[i + 1] == '\n';
    if (is_break(value[i]) && !pair) out.append(indentation, ' ');
  }
  return out;
}

std::string in_single_quotes(std::string_view value) {
  std::string out;
  for (const char c : value) out.append(c == '\'' ? 2 : 1, c);
  return out;
}

// A value that was escaped for JSON already stays as it is.
std::string in_double_quotes(std::string_view value, bool escaping) {
  std::string out;
  for (const char c : value) {
    if (c == '"' && !escaping) out += '\\';
    escaping = c == '\\' && !escaping;
    out += c;
  }
  if (escaping) out += '\\';
  return out;
}

// White space between the values of JSON, since texts of JSON hold no line break.
std::string on_one_line(std::string_view value) {
  std::string out(value);
  std::ranges::replace_if(out, is_break, ' ');
  return out;
}

}  // namespace

Result<void> Output::count(std::size_t bytes) {
  if (bytes > bytes_left_)
    return fail(ErrorKind::too_large,
                "the output is longer than " + std::to_string(bytes_max_) + " bytes");
  bytes_left_ -= bytes;
  return {};
}

Result<void> Output::add(std::string_view text) {
  SLUICE_CHECK(count(text.size()));
  if (form_ == OutputForm::text) {
    out_.text += text;
    return {};
  }
  if (text.size() > kYamlTextBytesMax - out_.text.size())
    return fail(ErrorKind::too_large, "the YAML is longer than " +
                                          std::to_string(kYamlTextBytesMax) +
                                          " bytes: write long values in block scalars, `body: |`");
  const std::string safe = without_marks(text);
  out_.text += safe;
  place_.follow(safe);
  return {};
}

Result<void> Output::append(std::string_view text) { return add(text); }

Result<void> Output::insert(std::string_view value) {
  return form_ == OutputForm::yaml ? insert_yaml(value) : add(value);
}

Result<void> Output::put_aside(std::string_view value) {
  SLUICE_CHECK(count(value.size()));
  const std::string mark = aside_mark(out_.aside.size());
  out_.aside.emplace_back(value);
  out_.text += mark;
  place_.follow(mark);
  return {};
}

Result<void> Output::insert_in_block(std::string_view value, bool folded) {
  const bool leads = !value.empty() && is_space(value.front());
  if (!folded && (leads || value.size() >= kAsideBytesMin)) return put_aside(value);
  if (value.size() > bytes_left_) return count(value.size());
  return add(indented(value, std::min(place_.indentation(), bytes_max_)));
}

Result<void> Output::insert_yaml(std::string_view value) {
  const YamlPlace::Kind kind = place_.kind();
  const bool folded = kind == YamlPlace::Kind::folded;
  if (folded || kind == YamlPlace::Kind::literal) return insert_in_block(value, folded);
  if (value.size() > bytes_left_) return count(value.size());
  const bool breaks = std::ranges::any_of(value, is_break);
  if (breaks && !parse_json(value))
    return fail(ErrorKind::invalid,
                "a value with a line break stands outside of a block scalar: write `body: |`, and "
                "the value on the next line");
  const bool plain = kind == YamlPlace::Kind::plain;
  if (plain && place_.in_flow() && value.find_first_of(kFlowSigns) != value.npos &&
      !parse_json(value))
    return fail(ErrorKind::invalid,
                "a value between [ ] or { } has a sign of YAML: put it in quotes");
  const std::string line = breaks ? on_one_line(value) : std::string(value);
  if (kind == YamlPlace::Kind::single_quoted) return add(in_single_quotes(line));
  if (kind == YamlPlace::Kind::double_quoted) return add(in_double_quotes(line, place_.escaping()));
  return add(line);
}

}  // namespace sluice::templates
