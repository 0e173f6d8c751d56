// SPDX-License-Identifier: Apache-2.0
#include "config/from_json.h"

#include <nlohmann/json.hpp>

namespace sluice::config {

Value from_json(const Json& json) {
  Value value;
  if (json.is_object()) {
    value.kind = Value::Kind::map;
    value.members.reserve(json.size());
    for (const auto& [key, member] : json.items())
      value.members.push_back({key, from_json(member)});
  } else if (json.is_array()) {
    value.kind = Value::Kind::sequence;
    value.items.reserve(json.size());
    for (const Json& item : json) value.items.push_back(from_json(item));
  } else if (json.is_string()) {
    value.kind = Value::Kind::scalar;
    value.scalar = json.get_ref<const std::string&>();
    value.quoted = true;
  } else if (json.is_number() || json.is_boolean()) {
    // Infinity and NaN have no JSON: dump() writes null.
    const std::string text = json.dump();
    if (text == "null") return value;
    value.kind = Value::Kind::scalar;
    value.scalar = text;
  }
  return value;
}

}  // namespace sluice::config
