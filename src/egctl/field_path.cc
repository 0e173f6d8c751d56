// SPDX-License-Identifier: Apache-2.0
#include "egctl/field_path.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "config/faults.h"
#include "config/schema_words.h"

namespace sluice::egctl {
namespace {

using control::Schemas;

constexpr std::string_view kPlace = "#/$defs";

// Follows references; what stands beside one, such as a description, is kept.
Json resolved(const Schemas& schemas, Json schema) {
  while (schema.contains("$ref")) {
    const std::string place = schema["$ref"].get<std::string>().substr(kPlace.size());
    schema.erase("$ref");
    Json target = schemas.definitions().at(Json::json_pointer(place));
    if (target.contains("items") && !schema.contains("items")) schema.erase("type");
    target.update(schema);
    schema = std::move(target);
  }
  return schema;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// "a, b or c"; `none` stands for an empty text.
std::string choices_in(const Json& choices) {
  std::vector<std::string> words;
  for (const Json& choice : choices) {
    if (choice != Json("")) words.push_back(text_of(choice));
  }
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i)
    list += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + words[i];
  return list;
}

std::string kinds_in(const Json& one_of) {
  std::string kinds;
  for (const Json& each : one_of) {
    const std::string place = each.at("$ref").get<std::string>();
    kinds += (kinds.empty() ? "" : ", ") + place.substr(kPlace.size() + 1);
  }
  return kinds;
}

std::string type_of(const Schemas& schemas, const Json& given) {
  const Json schema = resolved(schemas, given);
  if (schema.contains("oneOf")) return "one of several kinds";
  if (schema.contains("const")) return "text";
  std::string format = schema.value(control::kFormatWord, "");
  if (!format.empty()) return format;
  std::string type = schema.value("type", "any value");
  if (type == "string") return "text";
  if (type == "array") return "list of " + type_of(schemas, schema.value("items", Json::object()));
  if (type != "object") return type;
  const Json members = schema.value("additionalProperties", Json());
  if (members.is_object()) return "map of " + type_of(schemas, members);
  return "map";
}

struct BoundWords {
  const char* min;
  const char* max;
  const char* unit;
};
constexpr std::array kBoundWords{BoundWords{"minimum", "maximum", ""},
                                 BoundWords{config::kDurationMin, config::kDurationMax, ""},
                                 BoundWords{"minLength", "maxLength", " bytes"},
                                 BoundWords{"minItems", "maxItems", " items"},
                                 BoundWords{"minProperties", "maxProperties", " members"}};

std::string bounds_of(const Json& schema) {
  if (schema.contains("const")) return text_of(schema["const"]);
  if (schema.contains("enum")) return choices_in(schema["enum"]);
  for (const BoundWords& words : kBoundWords) {
    const bool low = schema.contains(words.min);
    const bool high = schema.contains(words.max);
    if (!low && !high) continue;
    const std::string min = low ? text_of(schema[words.min]) : "";
    const std::string max = high ? text_of(schema[words.max]) : "";
    const std::string range = low && high ? min + " to " + max
                              : low       ? "at least " + min
                                          : "at most " + max;
    return range + words.unit;
  }
  if (schema.contains("items")) return bounds_of(schema["items"]);
  return "";
}

std::string default_of(const Json& schema) {
  if (!schema.contains("default") || schema["default"] == Json("")) return "";
  return text_of(schema["default"]);
}

ExplainedField explained(const Schemas& schemas, const std::string& name, const Json& given,
                         bool required) {
  const Json schema = resolved(schemas, given);
  ExplainedField field{.path = name,
                       .type = type_of(schemas, schema),
                       .fallback = required ? "required" : default_of(schema),
                       .bounds = bounds_of(schema),
                       .about = schema.value("description", "")};
  if (schema.value("writeOnly", false)) field.type += ", secret";
  return field;
}

bool requires_field(const Json& schema, const std::string& name) {
  const Json required = schema.value("required", Json::array());
  return std::ranges::find(required, Json(name)) != required.end();
}

// The schema of the items, if it is a list, of the members of a map without fields.
Json inner(const Schemas& schemas, Json schema) {
  schema = resolved(schemas, std::move(schema));
  while (schema.contains("items")) schema = resolved(schemas, schema["items"]);
  return schema;
}

std::unexpected<Error> no_field(const std::string& word, const std::string& path,
                                const std::vector<std::string>& there) {
  const std::vector<std::string_view> known(there.begin(), there.end());
  std::string list;
  for (const std::string& each : there) list += (list.empty() ? "" : ", ") + each;
  const std::string has = list.empty() ? "it has no fields" : "there are: " + list;
  return fail(ErrorKind::not_found, path + " has no field " + config::quote(word) +
                                        config::suggestion(word, known) + "; " + has);
}

// `filters[0]` -> `filters`
std::string_view without_index(std::string_view word) {
  const std::size_t open = word.find('[');
  if (open == std::string_view::npos || !word.ends_with(']')) return word;
  const std::string_view number = word.substr(open + 1, word.size() - open - 2);
  return number.empty() || to_number<std::uint64_t>(number) ? word.substr(0, open) : word;
}

// One step of the way: the schema behind `word`, and whether it is required.
struct FieldStep {
  Json schema;
  bool required = false;
  std::string word;
};

Result<FieldStep> next_step(const Json& here, const std::string& word, const std::string& path) {
  std::vector<std::string> there;
  if (here.contains("oneOf")) {
    for (const Json& each : here["oneOf"]) {
      const std::string kind = each["$ref"].get<std::string>().substr(kPlace.size() + 1);
      if (lower_case(kind) == lower_case(word)) return FieldStep{each, false, kind};
      there.push_back(kind);
    }
    return no_field(word, path, there);
  }
  const Json fields = here.value("properties", Json::object());
  for (const auto& [name, field] : fields.items()) {
    if (lower_case(name) == lower_case(word))
      return FieldStep{field, requires_field(here, name), name};
    there.push_back(name);
  }
  const Json members = here.value("additionalProperties", Json());
  if (members.is_object()) return FieldStep{members, false, word};
  return no_field(word, path, there);
}

void add_fields(const Schemas& schemas, const Json& schema, ExplainedField& field) {
  if (schema.contains("oneOf")) {
    field.bounds = kinds_in(schema["oneOf"]);
    return;
  }
  const Json members = schema.value("additionalProperties", Json());
  const bool is_map_of_maps = members.is_object() && !schema.contains("properties");
  const Json whole = is_map_of_maps ? inner(schemas, members) : schema;
  const Json fields = whole.value("properties", Json::object());
  for (const auto& [name, each] : fields.items())
    field.fields.push_back(explained(schemas, name, each, requires_field(whole, name)));
}

}  // namespace

Result<ExplainedField> explain_path(const Schemas& schemas, std::string_view path) {
  std::string_view rest = path;
  SLUICE_TRY(const Schemas::Entry* entry, schemas.find(take_until(rest, '.')));
  FieldStep at{schemas.definitions().at(entry->kind), false, ""};
  std::string way = entry->kind;
  while (!rest.empty()) {
    const std::string word(without_index(take_until(rest, '.')));
    SLUICE_TRY(at, next_step(inner(schemas, at.schema), word, way));
    way += "." + at.word;
  }
  ExplainedField field = explained(schemas, way, at.schema, at.required);
  if (field.about.empty() && way == entry->kind) field.about = entry->about;
  add_fields(schemas, inner(schemas, at.schema), field);
  return field;
}

}  // namespace sluice::egctl
