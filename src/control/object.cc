// SPDX-License-Identifier: Apache-2.0
#include "control/object.h"

#include <nlohmann/json.hpp>

namespace sluice::control {
namespace {

std::string scalar(const config::Value& document, std::string_view name) {
  const config::Value* value = document.find(name);
  return value != nullptr && value->kind == config::Value::Kind::scalar ? value->scalar : "";
}

}  // namespace

Json without_time(Json spec) {
  if (spec.is_object()) spec.erase("createdAt");
  return spec;
}

std::string name_of(const config::Value& document) { return scalar(document, "name"); }
std::string kind_of(const config::Value& document) { return scalar(document, "kind"); }

std::map<std::string, std::string> code_hashes(const Json& pins) {
  std::map<std::string, std::string> hashes;
  if (!pins.is_object()) return hashes;
  for (const auto& [filter, pin] : pins.items()) {
    if (pin.is_object() && pin.contains("sha256") && pin["sha256"].is_string())
      hashes[filter] = pin["sha256"].get<std::string>();
  }
  return hashes;
}

bool same_spec(const Object& a, const Object& b) {
  return without_time(a.spec) == without_time(b.spec);
}

}  // namespace sluice::control
