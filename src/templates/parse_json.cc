// SPDX-License-Identifier: Apache-2.0
#include "templates/parse_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::templates {
namespace {

struct Shape {
  std::size_t depth = 0;
  std::size_t values = 1;
};

// An upper bound, also for text that is no JSON.
Shape shape_of(std::string_view text) {
  Shape shape;
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      shape.depth = std::max(shape.depth, ++depth);
      ++shape.values;
    } else if (c == ']' || c == '}') {
      depth -= depth > 0 ? 1 : 0;
    } else if (c == ',') {
      ++shape.values;
    }
  }
  return shape;
}

}  // namespace

Result<Json> parse_json_value(std::string_view text) {
  const Shape shape = shape_of(text);
  if (shape.depth > kJsonDepthMax || shape.values > kJsonValuesMax)
    return fail(ErrorKind::too_large, "the JSON is nested deeper than " +
                                          std::to_string(kJsonDepthMax) + ", or has more than " +
                                          std::to_string(kJsonValuesMax) + " values");
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(ErrorKind::invalid, "the text is not JSON");
  return json;
}

Result<std::shared_ptr<const Json>> parse_json(std::string_view text) {
  SLUICE_TRY(Json json, parse_json_value(text));
  return std::make_shared<const Json>(std::move(json));
}

std::size_t json_depth(const Json& json) {
  if (!json.is_structured()) return 0;
  std::size_t depth = 0;
  for (const Json& item : json) depth = std::max(depth, json_depth(item));
  return depth + 1;
}

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::templates
