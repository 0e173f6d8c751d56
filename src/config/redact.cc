// SPDX-License-Identifier: Apache-2.0
#include "config/redact.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/schema.h"
#include "config/url_credentials.h"

namespace sluice::config {
namespace {

const Json kNothing;

const Json& member(const Json& map, const char* key) {
  if (!map.is_object()) return kNothing;
  const auto found = map.find(key);
  return found != map.end() ? *found : kNothing;
}

bool is_secret(const Json& schema) { return member(schema, "writeOnly") == Json(true); }

// The schema of a map's member; null if there is none.
const Json& schema_of(const Json& schema, const std::string& key) {
  const Json& known = member(member(schema, "properties"), key.c_str());
  return known.is_null() ? member(schema, "additionalProperties") : known;
}

std::string text_at(const Json& map, const char* key) {
  const Json& value = member(map, key);
  return value.is_string() ? value.get<std::string>() : "";
}

std::string text_at(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value != nullptr ? value->scalar : "";
}

// A map may be a part of a filter (Rule::part_of), and a free-form map may be one of a kind.
template <class Map>
Json resolved(const Json& schema, const Map& map, const SchemaOfKind& of_kind) {
  if (const std::string part_of = text_at(schema, kPartOf); !part_of.empty()) {
    const std::size_t kind_size = std::min(part_of.size(), part_of.find('/'));
    const Json::json_pointer place(part_of.substr(kind_size));
    const Json whole = of_kind(part_of.substr(0, kind_size));
    return whole.contains(place) ? whole[place] : Json();
  }
  const bool free_form =
      schema.is_null() || (schema.is_object() && !schema.contains("properties") &&
                           !schema.contains("additionalProperties"));
  const std::string kind = free_form ? text_at(map, "kind") : "";
  return kind.empty() ? schema : of_kind(kind);
}

void hide(Json& secret) {
  if (secret.is_structured()) {
    for (Json& item : secret) hide(item);
  } else if (!secret.is_null() && secret != Json("")) {
    secret = kRedacted;
  }
}

// The item of `list` that stands for `item`, which is the one at `index` of its own list.
const Json& counterpart(const Json& list, const Value& item, std::size_t index) {
  if (!list.is_array()) return kNothing;
  const std::string name = item.kind == Value::Kind::map ? text_at(item, "name") : "";
  if (name.empty()) return index < list.size() ? list[index] : kNothing;
  for (const Json& candidate : list) {
    if (text_at(candidate, "name") == name) return candidate;
  }
  return kNothing;
}

class Restorer {
 public:
  Restorer(const SchemaOfKind& of_kind, Faults& faults) : of_kind_(of_kind), faults_(faults) {}

  void walk(Value& value, const Json& stored, const Json& schema, bool secret,
            const std::string& path) {
    secret = secret || is_secret(schema);
    if (value.kind == Value::Kind::scalar) return fill(value, stored, secret, path);
    if (value.kind == Value::Kind::sequence) {
      const Json& items = member(schema, "items");
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        walk(value.items[i], counterpart(stored, value.items[i], i), items, secret,
             path + "[" + std::to_string(i) + "]");
      }
    }
    if (value.kind != Value::Kind::map) return;
    const Json own = resolved(schema, value, of_kind_);
    for (auto& [key, item] : value.members) {
      walk(item, member(stored, key.c_str()), schema_of(own, key), secret, join_path(path, key));
    }
  }

 private:
  void fill(Value& value, const Json& stored, bool secret, const std::string& path) {
    if (!secret) return fill_url(value, stored, path);
    if (value.scalar != kRedacted) return;
    if (!stored.is_string()) {
      return faults_.add(path, "says \"" + std::string(kRedacted) +
                                   "\", and there is none stored to keep: give it");
    }
    value.scalar = stored.get<std::string>();
    value.quoted = true;
  }

  void fill_url(Value& value, const Json& stored, const std::string& path) {
    const auto here = credentials_in(value.scalar);
    if (!here || here->text(value.scalar) != kRedacted) return;
    const std::string before = stored.is_string() ? stored.get<std::string>() : "";
    const auto there = credentials_in(before);
    if (!there || host_of(value.scalar, *here) != host_of(before, *there)) {
      return faults_.add(path, "says \"" + std::string(kRedacted) +
                                   "\", and none are stored for this host: give the credentials");
    }
    value.scalar.replace(here->begin, here->size, there->text(before));
  }

  const SchemaOfKind& of_kind_;
  Faults& faults_;
};

}  // namespace

void redact(Json& spec, const Json& schema, const SchemaOfKind& of_kind) {
  if (is_secret(schema)) return hide(spec);
  if (spec.is_string()) spec = without_credentials(spec.get<std::string>());
  if (spec.is_array()) {
    for (Json& item : spec) redact(item, member(schema, "items"), of_kind);
  }
  if (!spec.is_object()) return;
  const Json own = resolved(schema, spec, of_kind);
  for (auto& [key, item] : spec.items()) redact(item, schema_of(own, key), of_kind);
}

void restore(Value& document, const Json& stored, const Json& schema, const SchemaOfKind& of_kind,
             Faults& faults) {
  Restorer(of_kind, faults).walk(document, stored, schema, false, "");
}

}  // namespace sluice::config
