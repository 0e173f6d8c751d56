// SPDX-License-Identifier: Apache-2.0
#include "control/schemas.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "config/faults.h"
#include "config/schema.h"
#include "control/custom_kind.h"
#include "resilience/spec.h"

namespace sluice::control {
namespace {

constexpr const char* kDraft = "https://json-schema.org/draft/2020-12/schema";
constexpr const char* kPlace = "#/$defs/";
constexpr const char* kPartOfGlobalFilter = "PartOfGlobalFilter";

struct Pattern {
  std::string_view format;
  const char* text;  // without an anchor at its ends
};
constexpr std::array kPatterns{
    Pattern{"name", "[A-Za-z0-9_.~-]{1,253}"},
    Pattern{"http-method", "GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE"},
    Pattern{"path", "/.*"},
    Pattern{"url", "[Hh][Tt][Tt][Pp][Ss]?://.+"},
    Pattern{"base64", "[A-Za-z0-9+/\\s]*={0,2}\\s*"},
    Pattern{"memory-size", "[0-9]+([KMGT]i?B?|B)?"},
    Pattern{"duration",
            "[-+]?(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)"}};

std::string reference_to(std::string_view kind) { return kPlace + std::string(kind); }

// A field that is not required may be empty: tools write an empty text for one that was not given.
void mend_text(Json& schema, bool required) {
  if (schema.contains("format")) {
    const auto format = schema["format"].get<std::string>();
    schema.erase("format");
    schema[kFormatWord] = format;
    const auto pattern = std::ranges::find(kPatterns, std::string_view(format), &Pattern::format);
    if (pattern != kPatterns.end())
      schema["pattern"] = "^(" + std::string(pattern->text) + (required ? ")$" : ")?$");
  }
  const auto its_default = schema.find("default");
  const bool may_be_empty = its_default != schema.end() && *its_default == Json("");
  if (!required && schema.contains("enum") && may_be_empty) schema["enum"].push_back("");
}

void mend(Json& schema, bool required);

void mend_fields(Json& schema) {
  std::set<std::string> required;
  for (const Json& name : schema.value("required", Json::array()))
    required.insert(name.get<std::string>());
  for (auto& [name, field] : schema["properties"].items()) mend(field, required.contains(name));
}

// Makes patterns of formats, and references of parts.
void mend(Json& schema, bool required) {
  if (!schema.is_object()) return;
  if (schema.contains(config::kPartOf)) {
    std::string place = schema[config::kPartOf].get<std::string>();
    schema.erase(config::kPartOf);
    schema["$ref"] = reference_to(place);
  }
  if (schema.value("type", "") == "string") mend_text(schema, required);
  if (schema.contains("properties")) mend_fields(schema);
  if (schema.contains("items")) mend(schema["items"], true);
  if (schema.contains("additionalProperties")) mend(schema["additionalProperties"], true);
}

Json mended(Json schema, const std::string& kind) {
  mend(schema, true);
  schema["title"] = kind;
  Json& field = schema["properties"]["kind"];
  field["const"] = kind;
  for (const char* word : {"enum", "default", "type"}) field.erase(word);
  return schema;
}

Json references_of(const std::vector<Schemas::Entry>& entries, Schemas::Group group) {
  Json list = Json::array();
  for (const Schemas::Entry& entry : entries) {
    if (entry.group == group) list.push_back({{"$ref", reference_to(entry.kind)}});
  }
  return list;
}

// The kind in a reference.
std::string kind_in(const std::string& reference) {
  const std::string place = reference.substr(std::string_view(kPlace).size());
  return place.substr(0, place.find('/'));
}

// A part of a kind that this table lacks may be anything.
void drop_unknown(Json& schema, const Json& definitions) {
  if (!schema.is_structured()) return;
  if (schema.is_object() && schema.contains("$ref") &&
      !definitions.contains(kind_in(schema["$ref"].get<std::string>())))
    schema.erase("$ref");
  for (Json& inner : schema) drop_unknown(inner, definitions);
}

// The kinds that `schema` refers to, and those that these refer to.
void collect_kinds(const Json& schema, const Json& definitions, std::set<std::string>& found) {
  if (schema.is_array()) {
    for (const Json& item : schema) collect_kinds(item, definitions, found);
  }
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.items()) {
    if (key != "$ref" || !value.is_string()) {
      collect_kinds(value, definitions, found);
      continue;
    }
    const std::string kind = kind_in(value.get<std::string>());
    if (found.insert(kind).second) collect_kinds(definitions.at(kind), definitions, found);
  }
}

// One of several kinds. The kind alone decides which schema counts, so that a misspelt kind is one
// fault, and a fault of a field is one of that kind.
Json choice_by_kind(const Json& references) {
  Json choice{{"type", "object"}, {"required", {"kind"}}, {"allOf", Json::array()}};
  Json& kinds = choice["properties"]["kind"]["enum"] = Json::array();
  for (const Json& reference : references) {
    const std::string kind = kind_in(reference.at("$ref").get<std::string>());
    kinds.push_back(kind);
    choice["allOf"].push_back(
        {{"if", {{"properties", {{"kind", {{"const", kind}}}}}, {"required", {"kind"}}}},
         {"then", reference}});
  }
  return choice;
}

// An empty field, `data:`, counts as left out.
void allow_null(Json& field) {
  if (!field.is_object()) return;
  if (field.contains("$ref")) {
    field["anyOf"] = {{{"$ref", field["$ref"]}}, {{"type", "null"}}};
    field.erase("$ref");
  } else if (field.contains("type") && field["type"].is_string()) {
    field["type"] = {field["type"], "null"};
    if (field.contains("enum")) field["enum"].push_back(nullptr);
  }
}

// The form in which a schema goes to an editor.
void finish(Json& schema) {
  if (!schema.is_structured()) return;
  for (Json& inner : schema) finish(inner);
  if (!schema.is_object()) return;
  if (schema.contains("oneOf")) {
    schema.update(choice_by_kind(schema["oneOf"]));
    schema.erase("oneOf");
  }
  if (!schema.contains("properties") || !schema["properties"].is_object()) return;
  const Json required = schema.value("required", Json::array());
  for (auto& [name, field] : schema["properties"].items()) {
    if (std::ranges::find(required, Json(name)) == required.end()) allow_null(field);
  }
}

Json with_definitions(Json schema, const std::string& id, const Json& definitions) {
  std::set<std::string> needed;
  collect_kinds(schema, definitions, needed);
  for (const std::string& kind : needed) schema["$defs"][kind] = definitions.at(kind);
  finish(schema);
  schema["$schema"] = kDraft;
  schema["$id"] = "urn:sluice:schema:" + id;
  return schema;
}

}  // namespace

Schemas::Schemas(const ObjectKinds& kinds, const pipeline::FilterKinds& filters) {
  add_objects(kinds);
  add_custom_data();
  add_filters(filters);
  add_policies();
  join_parts(filters);
  const Json known = definitions_;
  drop_unknown(definitions_, known);
}

void Schemas::add_objects(const ObjectKinds& kinds) {
  for (const ObjectKind& kind : kinds) {
    std::vector<std::string> names = kind.aliases;
    names.insert(names.begin(), kind.name);
    entries_.push_back({kind.kind, Group::object, kind.about, std::move(names)});
    definitions_[kind.kind] = mended(kind.schema(), kind.kind);
  }
}

void Schemas::add_custom_data() {
  entries_.push_back({std::string(kCustomDataKind),
                      Group::data,
                      "A table of custom data, and the form of its items.",
                      {"cdk"}});
  definitions_[std::string(kCustomDataKind)] =
      mended(custom_kind_schema(), std::string(kCustomDataKind));
  entries_.push_back({std::string(kCustomData), Group::data, "A change of the items of a kind."});
  definitions_[std::string(kCustomData)] = mended(custom_change_schema(), std::string(kCustomData));
}

void Schemas::add_filters(const pipeline::FilterKinds& filters) {
  for (const auto& filter : filters) {
    const std::string kind(filter->name());
    entries_.push_back({kind, Group::filter, std::string(filter->description())});
    definitions_[kind] = mended(filter->schema(), kind);
    definitions_[kind]["description"] = std::string(filter->description());
  }
}

void Schemas::add_policies() {
  const auto add = [this](const char* kind, const char* about, Json schema) {
    entries_.push_back({kind, Group::policy, about});
    definitions_[kind] = mended(std::move(schema), kind);
    definitions_[kind]["description"] = about;
  };
  add("Retry", "Tries failed requests again.", config::schema<resilience::RetrySpec>());
  add("CircuitBreaker", "Spares a backend that fails.",
      config::schema<resilience::CircuitBreakerSpec>());
}

void Schemas::join_parts(const pipeline::FilterKinds& filters) {
  if (!definitions_.contains("Pipeline")) return;
  std::set<std::string> results{""};
  for (const auto& filter : filters) {
    for (const std::string_view result : filter->results()) results.emplace(result);
  }
  Json& fields = definitions_["Pipeline"]["properties"];
  fields["filters"]["items"] = {{"oneOf", references_of(entries_, Group::filter)}};
  fields["resilience"]["items"] = {{"oneOf", references_of(entries_, Group::policy)}};
  fields["data"]["type"] = "object";
  fields["flow"]["items"]["properties"]["jumpIf"]["propertyNames"] = {{"enum", results}};
  if (!definitions_.contains("GlobalFilter")) return;
  Json part{{"type", "object"}, {"additionalProperties", false}, {"required", {"filters"}}};
  for (const char* field : {"flow", "filters", "resilience", "data"})
    part["properties"][field] = fields[field];
  Json& global = definitions_["GlobalFilter"]["properties"];
  for (const char* field : {"beforePipeline", "afterPipeline"})
    global[field]["$ref"] = reference_to(kPartOfGlobalFilter);
  definitions_[kPartOfGlobalFilter] = std::move(part);
}

Result<const Schemas::Entry*> Schemas::find(std::string_view word) const {
  const std::string wanted = lower_case(word);
  std::vector<std::string_view> known;
  for (const Entry& entry : entries_) {
    known.emplace_back(entry.kind);
    const bool is_other_name =
        std::ranges::find(entry.other_names, wanted) != entry.other_names.end();
    if (is_other_name || lower_case(entry.kind) == wanted) return &entry;
  }
  return fail(ErrorKind::not_found, "no kind of object, filter or policy is called " +
                                        config::quote(word) + config::suggestion(word, known));
}

Json Schemas::document(const Entry& entry) const {
  return with_definitions(definitions_.at(entry.kind), entry.kind, definitions_);
}

Json Schemas::any_object() const {
  Json kinds = references_of(entries_, Group::object);
  for (Json& kind : references_of(entries_, Group::data)) kinds.push_back(std::move(kind));
  return with_definitions({{"title", "an object of Sluice"}, {"oneOf", std::move(kinds)}}, "object",
                          definitions_);
}

}  // namespace sluice::control
