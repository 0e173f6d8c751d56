// SPDX-License-Identifier: Apache-2.0
#include "templates/output.h"

#include <nlohmann/json.hpp>

namespace sluice::templates {
namespace {

// YAML takes up to 3 s for a MiB of short values, and 30 ms for one of a block scalar.
constexpr std::size_t kYamlStructureBytesMax = 64 * 1024;
constexpr std::size_t kYamlTextBytesMax = 512 * 1024;

using Kind = YamlPlace::Kind;

MarkEnd scalar_end(const YamlPlace& place) {
  const bool block = place.kind() == Kind::literal || place.kind() == Kind::folded;
  if (!block || place.chomping() == '+') return MarkEnd::stay;
  return place.chomping() == '-' ? MarkEnd::strip : MarkEnd::clip;
}

// The text of which `value` is the inside, between double quotes. A quote needs no escape.
Result<std::string> unescaped(std::string_view value) {
  if (value.find('\\') == std::string_view::npos) return std::string(value);
  std::string quoted = "\"";
  bool escaping = false;
  for (const char c : value) {
    if (c == '"' && !escaping) quoted += '\\';
    escaping = c == '\\' && !escaping;
    quoted += c;
  }
  quoted += '"';
  const Json json = Json::parse(quoted, nullptr, false);
  if (!json.is_string())
    return fail(ErrorKind::invalid, "a value in quotes has a backslash that begins no escape");
  return json.get_ref<const std::string&>();
}

}  // namespace

Result<void> Output::count(std::size_t bytes) {
  if (bytes > bytes_left_)
    return fail(ErrorKind::too_large,
                "the output is longer than " + std::to_string(bytes_max_) + " bytes");
  bytes_left_ -= bytes;
  return {};
}

Result<void> Output::append(std::string_view text) {
  if (form_ == OutputForm::yaml) return add_yaml(text);
  SLUICE_CHECK(count(text.size()));
  if (form_ == OutputForm::values) return add_value(text, TextForm::plain);
  out_.text += text;
  return {};
}

Result<void> Output::insert(std::string_view value, TextForm form) {
  SLUICE_CHECK(count(value.size()));
  if (form_ == OutputForm::yaml) return put_aside(value, form);
  if (form_ == OutputForm::values) return add_value(value, form);
  out_.text += value;
  return {};
}

Result<void> Output::add_yaml(std::string_view text) {
  SLUICE_CHECK(count(text.size()));
  return write(without_marks(text));
}

Result<void> Output::write(std::string_view text) {
  if (place_.structure_bytes() > kYamlStructureBytesMax)
    return fail(ErrorKind::too_large, "the YAML is longer than " +
                                          std::to_string(kYamlStructureBytesMax) +
                                          " bytes outside of block scalars (`body: |`)");
  if (text.size() > kYamlTextBytesMax - out_.text.size())
    return fail(ErrorKind::too_large,
                "the YAML is longer than " + std::to_string(kYamlTextBytesMax) + " bytes");
  out_.text += text;
  place_.follow(text);
  return {};
}

Result<void> Output::put_aside(std::string_view value, TextForm form) {
  if (place_.kind() == Kind::double_quoted && place_.escaping())
    return fail(ErrorKind::invalid, "a value stands behind a backslash in quotes");
  const std::string mark = mark_of(out_.values.size(), scalar_end(place_));
  begin_value(place_.kind());
  SLUICE_CHECK(add_value(value, form));
  return write(mark);
}

void Output::begin_value(Kind kind) {
  out_.values.emplace_back();
  kind_ = kind;
  parts_ = 0;
  skips_ = false;
}

// A value of one part keeps its form.
Result<void> Output::add_value(std::string_view text, TextForm form) {
  if (skips_) return {};
  RenderedValue& value = out_.values.back();
  value.form = parts_++ == 0 ? form : TextForm::plain;
  if (kind_ != Kind::double_quoted || form != TextForm::json_escaped) {
    value.text += text;
    return {};
  }
  SLUICE_TRY(const std::string plain, unescaped(text));
  value.text += plain;
  return {};
}

}  // namespace sluice::templates
