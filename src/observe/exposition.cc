// SPDX-License-Identifier: Apache-2.0
#include "observe/exposition.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/assert.h"
#include "base/utf8.h"

namespace sluice::observe {
namespace {

constexpr std::string_view kTotal = "_total";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

void append_escaped(std::string& out, char c) {
  if (c == '\n') {
    out += "\\n";
    return;
  }
  if (c == '\\' || c == '"') out += '\\';
  out += c;
}

// Both formats are UTF-8.
void append_label_value(std::string& out, std::string_view value) {
  const bool valid = is_utf8(value);
  while (!value.empty()) {
    const Utf8Char next = valid ? Utf8Char{.valid = true} : first_utf8_char(value);
    if (!next.valid) {
      out += kReplacement;
    } else if (next.size == 1) {
      append_escaped(out, value.front());
    } else {
      out += value.substr(0, next.size);
    }
    value.remove_prefix(next.size);
  }
}

void append_value(std::string& out, double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), value).ptr;
  out.append(text.data(), end);
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  out += out.empty() ? '{' : ',';
  out += name;
  out += "=\"";
  append_label_value(out, value);
  out += '"';
}

// `labels`: "" or an open brace and the labels.
void append_sample(std::string& out, std::string_view name, std::string_view suffix,
                   std::string_view labels, double value) {
  out.append(name).append(suffix).append(labels);
  if (!labels.empty()) out += '}';
  out += ' ';
  append_value(out, value);
  out += '\n';
}

std::string with_label(std::string labels, std::string_view name, std::string_view value) {
  append_label(labels, name, value);
  return labels;
}

}  // namespace

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::summary:
      return "summary";
    case MetricType::histogram:
      return "histogram";
  }
  return "untyped";
}

std::string_view content_type(ExpositionFormat format) {
  return format == ExpositionFormat::open_metrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string& Exposition::samples_of(const MetricFamily& family) {
  return blocks_.try_emplace(family.name, Block{&family, {}}).first->second.samples;
}

std::string Exposition::rendered(const MetricFamily& family, LabelValues values) {
  std::string labels;
  std::string_view names = family.labels;
  for (const std::string_view value : values) {
    SLUICE_ASSERT(!names.empty(), "a sample has more labels than its family");
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    append_label(labels, name, value);
  }
  SLUICE_ASSERT(names.empty(), "a sample has fewer labels than its family");
  return labels;
}

void Exposition::add(const MetricFamily& family, const MetricLabels& labels, double value,
                     std::string_view suffix) {
  std::string text;
  for (const auto& [name, its] : labels) append_label(text, name, its);
  append_sample(samples_of(family), family.name, suffix, text, value);
}

void Exposition::sample(const MetricFamily& family, LabelValues values, double value) {
  append_sample(samples_of(family), family.name, {}, rendered(family, values), value);
}

void Exposition::quantile(const MetricFamily& family, LabelValues values, std::string_view quantile,
                          double value) {
  append_sample(samples_of(family), family.name, {},
                with_label(rendered(family, values), "quantile", quantile), value);
}

void Exposition::histogram(const MetricFamily& family, LabelValues values,
                           const DurationCounts& counts) {
  std::string& out = samples_of(family);
  const std::string labels = rendered(family, values);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kDurationBuckets; ++i) {
    below += counts.buckets[i];
    const auto bound = i < kDurationBounds.size() ? kDurationBounds[i].seconds : "+Inf";
    append_sample(out, family.name, "_bucket", with_label(labels, "le", bound),
                  static_cast<double>(below));
  }
  append_sample(out, family.name, "_sum", labels, static_cast<double>(counts.total_us) / 1e6);
  append_sample(out, family.name, "_count", labels, static_cast<double>(below));
}

// In OpenMetrics, the name of a family of counters lacks the _total of its samples.
void Exposition::append_head(std::string& out, const MetricFamily& family) const {
  std::string_view name = family.name;
  std::string_view type = to_string(family.type);
  if (format_ == ExpositionFormat::open_metrics && family.type == MetricType::counter) {
    if (name.ends_with(kTotal)) {
      name.remove_suffix(kTotal.size());
    } else {
      type = "unknown";
    }
  }
  out.append("# HELP ").append(name).append(" ").append(family.help).append("\n");
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  if (format_ == ExpositionFormat::open_metrics && !family.unit.empty())
    out.append("# UNIT ").append(name).append(" ").append(family.unit).append("\n");
}

std::string Exposition::text() const {
  std::string out;
  for (const auto& [name, block] : blocks_) {
    append_head(out, *block.family);
    out += block.samples;
  }
  if (format_ == ExpositionFormat::open_metrics) out += "# EOF\n";
  return out;
}

}  // namespace sluice::observe
