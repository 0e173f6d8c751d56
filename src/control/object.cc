// SPDX-License-Identifier: Apache-2.0
#include "control/object.h"

#include <nlohmann/json.hpp>

namespace sluice::control {
namespace {

std::string scalar(const config::Value& document, std::string_view name) {
  const config::Value* value = document.find(name);
  return value != nullptr && value->kind == config::Value::Kind::scalar ? value->scalar : "";
}

Json without_time(Json spec) {
  spec.erase("createdAt");
  return spec;
}

}  // namespace

std::string name_of(const config::Value& document) { return scalar(document, "name"); }
std::string kind_of(const config::Value& document) { return scalar(document, "kind"); }

bool same_spec(const Object& a, const Object& b) {
  return without_time(a.spec) == without_time(b.spec);
}

}  // namespace sluice::control
