// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <array>

#include "config/schema_words.h"

namespace sluice::config {
namespace {

struct Bounds {
  std::string_view type;
  const char* min;
  const char* max;
};
constexpr std::array kBounds{
    Bounds{"integer", "minimum", "maximum"}, Bounds{"number", "minimum", "maximum"},
    Bounds{"string", "minLength", "maxLength"}, Bounds{"array", "minItems", "maxItems"},
    Bounds{"object", "minProperties", "maxProperties"}};

void add_bounds(Json& property, const Rule& rule) {
  constexpr std::int64_t kNoMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kNoMax = std::numeric_limits<std::int64_t>::max();
  // Durations are strings in the document, but their bounds are times.
  if (property.value("format", "") == "duration") {
    if (rule.min != kNoMin) property[kDurationMin] = format_duration(Duration(rule.min));
    if (rule.max != kNoMax) property[kDurationMax] = format_duration(Duration(rule.max));
    return;
  }
  const std::string type = property.value("type", "");
  for (const Bounds& bounds : kBounds) {
    if (type != bounds.type) continue;
    if (rule.min != kNoMin) property[bounds.min] = rule.min;
    if (rule.max != kNoMax) property[bounds.max] = rule.max;
  }
}

}  // namespace

Json SchemaWriter::of_string(const std::string& value, const Rule& rule) {
  Json out{{"type", "string"}, {"default", value}};
  if (rule.format != Format::none) out["format"] = std::string(format_name(rule.format));
  if (!rule.one_of.empty()) {
    Json choices = Json::array();
    for (const std::string_view choice : rule.one_of) choices.push_back(std::string(choice));
    out["enum"] = std::move(choices);
  }
  return out;
}

Json SchemaWriter::without_default(Json item) {
  item.erase("default");
  return item;
}

void SchemaWriter::annotate(Json& property, const Rule& rule) {
  add_bounds(property, rule);
  if (rule.required) property.erase("default");
  if (rule.unique) property["uniqueItems"] = true;
  if (rule.secret) property["writeOnly"] = true;
  if (!rule.part_of.empty()) property[kPartOf] = std::string(rule.part_of);
  if (!rule.doc.empty()) property["description"] = std::string(rule.doc);
}

Json SchemaWriter::take() {
  Json out{{"type", "object"}, {"additionalProperties", false}};
  out["properties"] = std::move(properties_);
  if (!required_.empty()) out["required"] = required_;
  return out;
}

}  // namespace sluice::config
