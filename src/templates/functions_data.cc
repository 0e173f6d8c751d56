// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <nlohmann/json.hpp>

#include "templates/arguments.h"
#include "templates/function_parts.h"
#include "templates/functions.h"
#include "templates/parse_json.h"

namespace sluice::templates {
namespace {

Datum datum_of(Json json) { return Datum(std::make_shared<const Json>(std::move(json))); }

// A member of a map; "" if it is absent.
Result<Datum> call_get(const Call& call) {
  SLUICE_TRY(const std::string key, text_of(call, 1));
  SLUICE_TRY(Datum value, call[0].member(key));
  return value.is_null() ? Datum(std::string()) : std::move(value);
}
Result<Datum> call_has_key(const Call& call) {
  SLUICE_TRY(const std::string key, text_of(call, 1));
  if (call[0].is_map()) return Datum((*call[0].node())->contains(key));
  SLUICE_TRY(const Datum value, call[0].member(key));
  return Datum(!value.is_null());
}
Result<Datum> call_keys(const Call& call) {
  Json keys = Json::array();
  if (call[0].is_map()) {
    for (const auto& [key, value] : (*call[0].node())->items()) keys.push_back(key);
  } else if (const auto* part = call[0].object()) {
    (*part)->each([&](std::string_view name, const Datum&) {
      keys.push_back(name);
      return true;
    });
  } else {
    return wrong("keys needs a map, not " + std::string(call[0].kind()));
  }
  return datum_of(std::move(keys));
}

Result<Datum> call_first(const Call& call) {
  SLUICE_TRY(const Datum::Node list, list_of(call, 0));
  return list->empty() ? Datum() : Datum(Datum::Node(list, &list->front()));
}
Result<Datum> call_last(const Call& call) {
  SLUICE_TRY(const Datum::Node list, list_of(call, 0));
  return list->empty() ? Datum() : Datum(Datum::Node(list, &list->back()));
}
Result<Datum> call_rest(const Call& call) {
  SLUICE_TRY(const Datum::Node list, list_of(call, 0));
  if (list->empty()) return Datum();
  return datum_of(Json::array_t(list->begin() + 1, list->end()));
}

// A value inside of another one makes it deeper: the depth stays bounded, as that of JSON is.
Result<Json> inner_json(const Call& call, std::size_t i) {
  SLUICE_TRY(Json value, call[i].json());
  if (json_depth(value) >= kJsonDepthMax)
    return fail(ErrorKind::too_large, "lists and maps are nested too deep");
  return value;
}
Result<Datum> call_list(const Call& call) {
  Json list = Json::array();
  for (std::size_t i = 0; i < call.size(); ++i) {
    SLUICE_TRY(Json value, inner_json(call, i));
    list.push_back(std::move(value));
  }
  return datum_of(std::move(list));
}
Result<Datum> call_dict(const Call& call) {
  if (call.size() % 2 != 0) return wrong("dict takes pairs: a key and a value");
  Json map = Json::object();
  for (std::size_t i = 0; i < call.size(); i += 2) {
    SLUICE_TRY(const std::string key, text_of(call, i));
    SLUICE_TRY(map[key], inner_json(call, i + 1));
  }
  return datum_of(std::move(map));
}
// A member of a later map replaces that of an earlier one.
Result<Datum> call_merge_object(const Call& call) {
  Json out = Json::object();
  for (const Datum& value : call.arguments) {
    if (value.is_null()) continue;
    if (!value.is_map()) return wrong("mergeObject needs maps, not " + std::string(value.kind()));
    out.update(**value.node());
  }
  return datum_of(std::move(out));
}

Result<Datum> call_to_json(const Call& call) {
  if (const auto* node = call[0].node()) return Datum(json_text(**node), TextForm::json);
  SLUICE_TRY(const Json json, call[0].json());
  return Datum(json_text(json), TextForm::json);
}
Result<Datum> call_from_json(const Call& call) {
  SLUICE_TRY(const std::string text, text_of(call, 0));
  SLUICE_TRY(const Datum::Node json, parse_json(text));
  return Datum(json);
}

Result<Datum> call_default(const Call& call) { return call[call[1].truth() ? 1 : 0]; }
Result<Datum> call_empty(const Call& call) { return Datum(!call[0].truth()); }
Result<Datum> call_coalesce(const Call& call) {
  for (const Datum& value : call.arguments) {
    if (value.truth()) return value;
  }
  return Datum();
}
Result<Datum> call_ternary(const Call& call) { return call[call[2].truth() ? 0 : 1]; }

constexpr std::size_t kUnlimited = Function::kAnyNumber;

using enum Function::Form;
using Reads = Function::Reads;

constexpr std::array kDataFunctions = {
    Function{"get", 2, 2, call_get, call, Reads::keys},
    Function{"hasKey", 2, 2, call_has_key, call, Reads::keys},
    Function{"keys", 1, 1, call_keys},
    Function{"first", 1, 1, call_first, call, Reads::nothing},
    Function{"last", 1, 1, call_last, call, Reads::nothing},
    Function{"rest", 1, 1, call_rest},
    Function{"list", 0, kUnlimited, call_list},
    Function{"dict", 0, kUnlimited, call_dict},
    Function{"mergeObject", 1, kUnlimited, call_merge_object},
    Function{"toJson", 1, 1, call_to_json},
    Function{"toRawJson", 1, 1, call_to_json},
    Function{"fromJson", 1, 1, call_from_json},
    Function{"default", 2, 2, call_default, call, Reads::nothing},
    Function{"empty", 1, 1, call_empty, call, Reads::nothing},
    Function{"coalesce", 1, kUnlimited, call_coalesce, call, Reads::nothing},
    Function{"ternary", 3, 3, call_ternary, call, Reads::nothing},
};

}  // namespace

std::span<const Function> data_functions() { return kDataFunctions; }

}  // namespace sluice::templates
