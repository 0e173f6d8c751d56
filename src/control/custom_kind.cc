// SPDX-License-Identifier: Apache-2.0
#include "control/custom_kind.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/time.h"
#include "base/utf8.h"
#include "config/fields.h"
#include "config/from_json.h"

namespace sluice::control {
namespace {

// The last part of the path that means all items.
constexpr std::string_view kReservedId = "items";

struct CustomKindSpec {
  std::string name;
  std::string kind = std::string(kCustomDataKind);
  std::string id_field = "name";
  config::UndecodedValue json_schema;

  void fields(auto& visit) {
    visit("name", name,
          {.required = true, .format = config::Format::name, .doc = "unique among the kinds"});
    visit("kind", kind, {.one_of = {kCustomDataKind}, .doc = "CustomDataKind"});
    visit("idField", id_field, {.min = 1, .doc = "the member of an item that is its id"});
    visit("jsonSchema", json_schema, {.doc = "the form of the items"});
    visit.ignore("createdAt");
    visit.ignore("len");
  }
};

struct CustomChangeSpec {
  std::string name;
  std::string kind = std::string(kCustomData);
  bool rebuild = false;
  std::vector<std::string> erase;
  std::vector<config::UndecodedValue> list;

  void fields(auto& visit) {
    visit("name", name, {.doc = "of the kind"});
    visit("kind", kind, {.one_of = {kCustomData}, .doc = "CustomData"});
    visit("rebuild", rebuild, {.doc = "all items go that are not in `list`"});
    visit("delete", erase, {.doc = "the ids of items that go; an absent id is no error"});
    visit("list", list,
          {.doc = "these items take the place of those with the same ids; the others stay"});
  }
};

bool is_map(const config::Value& document, config::Faults& faults) {
  if (document.kind == config::Value::Kind::map) return true;
  faults.add("", "must be a map");
  return false;
}

std::shared_ptr<CustomKind> build_kind(const config::Value& document, config::Faults& faults) {
  if (!is_map(document, faults)) return nullptr;
  const std::size_t before = faults.count();
  const auto spec = config::decode<CustomKindSpec>(document, "", faults);
  auto kind = std::make_shared<CustomKind>();
  kind->name = spec.name;
  kind->id_field = spec.id_field;
  kind->spec = config::encode(spec);
  if (const auto schema = kind->spec.find("jsonSchema"); schema != kind->spec.end())
    kind->schema = JsonSchema::compile(*schema, "jsonSchema", faults);
  return faults.count() == before ? kind : nullptr;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

std::shared_ptr<const CustomKind> build_custom_kind(const config::Value& document,
                                                    config::Faults& faults) {
  auto kind = build_kind(document, faults);
  if (kind) kind->spec["createdAt"] = format_rfc3339_ms(std::chrono::system_clock::now());
  return kind;
}

std::shared_ptr<const CustomKind> restore_custom_kind(const Json& spec, config::Faults& faults) {
  auto kind = build_kind(config::from_json(spec), faults);
  if (kind && spec.contains("createdAt")) kind->spec["createdAt"] = spec["createdAt"];
  return kind;
}

std::optional<std::string> fault_of_custom_id(std::string_view id) {
  if (id.empty()) return "must not be empty";
  if (id.size() > kCustomIdBytesMax)
    return "has more than " + std::to_string(kCustomIdBytesMax) + " bytes";
  if (!is_utf8(id) || std::ranges::any_of(id, is_control)) return "must be printable UTF-8 text";
  if (id == kReservedId) return "\"items\" is a word of the API: choose another id";
  return std::nullopt;
}

std::string id_of(const CustomKind& kind, const Json& item) {
  if (!item.is_object()) return "";
  const auto id = item.find(kind.id_field);
  return id != item.end() && id->is_string() ? id->get<std::string>() : "";
}

Json custom_item(const CustomKind& kind, const config::Value& value, const std::string& path,
                 config::Faults& faults) {
  Json item = config::Encoder::of(value);
  const config::Value* id = value.find(kind.id_field);
  // An unquoted number is an id, too.
  if (id != nullptr && item[kind.id_field].is_number()) item[kind.id_field] = id->scalar;
  check_custom_item(kind, item, path, faults);
  return item;
}

void check_custom_item(const CustomKind& kind, const Json& item, const std::string& path,
                       config::Faults& faults) {
  if (!item.is_object()) return faults.add(path, "an item must be a map");
  const std::string where = config::join_path(path, kind.id_field);
  const auto id = item.find(kind.id_field);
  if (id == item.end() || id->is_null()) return faults.add(where, "is required: it is the id");
  if (!id->is_string()) return faults.add(where, "must be text: it is the id");
  if (const auto fault = fault_of_custom_id(id->get_ref<const std::string&>()))
    return faults.add(where, *fault);
  if (item.dump(-1, ' ', false, Json::error_handler_t::replace).size() > kCustomItemBytesMax)
    return faults.add(path, "has more than " + std::to_string(kCustomItemBytesMax) + " bytes");
  if (kind.schema) kind.schema->check(item, path, faults);
}

Json custom_kind_schema() {
  Json schema = config::schema<CustomKindSpec>();
  schema["properties"]["len"]["description"] = "the number of items, which the server counts";
  return schema;
}

Json custom_change_schema() { return config::schema<CustomChangeSpec>(); }

CustomChange read_custom_change(const config::Value& document, config::Faults& faults) {
  CustomChange change;
  if (!is_map(document, faults)) return change;
  auto spec = config::decode<CustomChangeSpec>(document, "", faults);
  change.kind = std::move(spec.name);
  change.rebuild = spec.rebuild;
  change.erase = std::move(spec.erase);
  for (config::UndecodedValue& item : spec.list) change.list.push_back(std::move(item.value));
  return change;
}

}  // namespace sluice::control
