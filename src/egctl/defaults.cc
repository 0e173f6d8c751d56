// SPDX-License-Identifier: Apache-2.0
#include "egctl/defaults.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"
#include "egctl/catalog.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

bool is_empty(const Json& value) {
  return value.is_null() || (value.is_structured() && value.empty()) || value == Json("");
}

bool is_required(const Json& schema, const std::string& name) {
  const auto required = schema.find("required");
  return required != schema.end() && std::ranges::find(*required, Json(name)) != required->end();
}

void prune_members(Json& value, const Json& properties, const Json& schema) {
  std::vector<std::string> superfluous;
  for (auto& [name, member] : value.items()) {
    const auto property = properties.find(name);
    if (property == properties.end()) continue;
    without_defaults(member, *property);
    if (is_required(schema, name)) continue;
    const auto usual = property->find("default");
    if (is_empty(member) || (usual != property->end() && *usual == member))
      superfluous.push_back(name);
  }
  for (const std::string& name : superfluous) value.erase(name);
}

}  // namespace

void without_defaults(Json& value, const Json& schema) {
  if (!schema.is_object()) return;
  if (value.is_array()) {
    const auto items = schema.find("items");
    if (items == schema.end()) return;
    for (Json& item : value) without_defaults(item, *items);
    return;
  }
  if (!value.is_object()) return;
  if (const auto properties = schema.find("properties"); properties != schema.end()) {
    prune_members(value, *properties, schema);
  } else if (const auto any = schema.find("additionalProperties");
             any != schema.end() && any->is_object()) {
    for (Json& member : value) without_defaults(member, *any);
  }
}

void rounded(Json& value) {
  constexpr double kPlaces = 100;
  if (value.is_number_float()) value = std::round(value.get<double>() * kPlaces) / kPlaces;
  if (value.is_structured()) std::ranges::for_each(value, rounded);
}

void without_zeros(Json& value) {
  if (!value.is_object()) {
    if (value.is_array()) std::ranges::for_each(value, without_zeros);
    return;
  }
  std::vector<std::string> zeros;
  for (auto& [name, member] : value.items()) {
    without_zeros(member);
    if (is_empty(member) || (member.is_number() && member == Json(0))) zeros.push_back(name);
  }
  for (const std::string& name : zeros) value.erase(name);
}

const Json& Defaults::schema_at(const std::string& path) {
  const auto [found, added] = schemas_.try_emplace(path);
  if (added) found->second = client_.json({.path = path}).value_or(Json());
  return found->second;
}

const Json& Defaults::policy_schema(const std::string& kind) {
  static const Json kNone;
  if (policies_.is_null()) {
    const auto catalog = Catalog::open(Catalog::Use::describe);
    policies_ = catalog ? catalog->schemas().definitions() : Json::object();
  }
  const auto found = policies_.find(kind);
  return found == policies_.end() ? kNone : *found;
}

void Defaults::leave_out(Json& spec) {
  leave_out_of(spec, lower_case(text_at(spec, "kind")));
  for (const char* part : {"beforePipeline", "afterPipeline"}) {  // of a GlobalFilter
    if (const auto found = spec.find(part); found != spec.end() && found->is_object())
      leave_out_of(*found, "pipeline");
  }
}

void Defaults::leave_out_of(Json& spec, const std::string& kind) {
  without_defaults(spec, schema_at("/metadata/objects/" + percent_encode(kind) + "/schema"));
  if (const auto policies = spec.find("resilience"); policies != spec.end()) {
    for (Json& policy : *policies) without_defaults(policy, policy_schema(text_at(policy, "kind")));
  }
  const auto filters = spec.find("filters");
  if (filters == spec.end() || !filters->is_array()) return;
  for (Json& filter : *filters) {
    without_defaults(filter, schema_at("/metadata/objects/pipeline/filters/" +
                                       percent_encode(text_at(filter, "kind")) + "/schema"));
  }
}

}  // namespace sluice::egctl
