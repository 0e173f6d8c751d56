// SPDX-License-Identifier: Apache-2.0
#include "config/encoder.h"

#include "config/core_schema.h"

namespace sluice::config {
namespace {

Json typed_scalar(const Value& value) {
  if (value.quoted) return value.scalar;
  if (const auto boolean = parse_bool(value.scalar)) return *boolean;
  if (const auto integer = parse_int64(value.scalar)) return *integer;
  if (const auto integer = parse_uint64(value.scalar)) return *integer;
  if (const auto number = parse_double(value.scalar)) return *number;
  return value.scalar;
}

}  // namespace

Json Encoder::of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return nullptr;
    case Value::Kind::scalar:
      return typed_scalar(value);
    case Value::Kind::sequence: {
      Json out = Json::array();
      for (const Value& item : value.items) out.push_back(of(item));
      return out;
    }
    case Value::Kind::map: {
      Json out = Json::object();
      for (const auto& [key, member] : value.members) out[key] = of(member);
      return out;
    }
  }
  return nullptr;
}

}  // namespace sluice::config
