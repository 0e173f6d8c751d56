// SPDX-License-Identifier: Apache-2.0
#include "observe/exposition.h"

#include <array>
#include <charconv>

namespace sluice::observe {
namespace {

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::summary:
      return "summary";
  }
  return "untyped";
}

void append_label_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

void append_value(std::string& out, double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), value).ptr;
  out.append(text.data(), end);
}

}  // namespace

void Exposition::add(const MetricFamily& family, const MetricLabels& labels, double value,
                     std::string_view suffix) {
  std::string& out =
      blocks_.try_emplace(family.name, Block{family.type, family.help, {}}).first->second.samples;
  out += family.name;
  out += suffix;
  char before = '{';
  for (const auto& [name, text] : labels) {
    out += before;
    out += name;
    out += "=\"";
    append_label_value(out, text);
    out += '"';
    before = ',';
  }
  if (!labels.empty()) out += '}';
  out += ' ';
  append_value(out, value);
  out += '\n';
}

std::string Exposition::text() const {
  std::string out;
  for (const auto& [name, block] : blocks_) {
    out.append("# HELP ").append(name).append(" ").append(block.help).append("\n");
    out.append("# TYPE ").append(name).append(" ").append(type_name(block.type)).append("\n");
    out += block.samples;
  }
  return out;
}

}  // namespace sluice::observe
