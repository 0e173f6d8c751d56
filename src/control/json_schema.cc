// SPDX-License-Identifier: Apache-2.0
#include "control/json_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "router/pattern.h"

namespace sluice::control {

using NodePointer = std::unique_ptr<const JsonSchema::Node>;

// One schema. A keyword that is absent checks nothing.
struct JsonSchema::Node {
  bool never = false;  // the schema `false`
  std::vector<std::string> types;
  std::optional<Json> constant;
  std::optional<Json> choices;  // enum
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::optional<double> above;  // exclusiveMinimum
  std::optional<double> below;  // exclusiveMaximum
  std::optional<double> multiple_of;
  std::optional<std::uint64_t> length_min;
  std::optional<std::uint64_t> length_max;
  std::optional<router::Pattern> pattern;
  std::string pattern_text;
  std::optional<std::uint64_t> items_min;
  std::optional<std::uint64_t> items_max;
  bool unique_items = false;
  NodePointer items;
  std::optional<std::uint64_t> properties_min;
  std::optional<std::uint64_t> properties_max;
  std::vector<std::string> required;
  std::map<std::string, NodePointer, std::less<>> properties;
  NodePointer other_properties;
  std::vector<NodePointer> all_of;
  std::vector<NodePointer> any_of;
  std::vector<NodePointer> one_of;
  NodePointer none_of;  // not
};

namespace {

using Node = JsonSchema::Node;

constexpr std::array<std::string_view, 7> kTypes{"array",  "boolean", "integer", "null",
                                                 "number", "object",  "string"};
// Keywords that only inform readers.
constexpr std::array<std::string_view, 10> kInforming{
    "$comment",    "$id",      "$schema",  "default", "deprecated",
    "description", "examples", "readOnly", "title",   "writeOnly"};

// --- compile ---

class Compiler {
 public:
  explicit Compiler(config::Faults& faults) : faults_(faults) {}

  NodePointer schema(const Json& json, const std::string& path, int depth);

 private:
  struct Place {
    const Json& value;
    std::string path;
    int depth;
  };
  using Take = void (Compiler::*)(Node& node, const Place& place);
  static const std::map<std::string_view, Take>& keywords();

  template <std::optional<double> Node::*member>
  void number(Node& node, const Place& place) {
    if (!place.value.is_number()) return faults_.add(place.path, "must be a number");
    node.*member = place.value.get<double>();
  }
  template <std::optional<std::uint64_t> Node::*member>
  void count(Node& node, const Place& place) {
    if (!place.value.is_number_unsigned())
      return faults_.add(place.path, "must be a whole number, 0 or more");
    node.*member = place.value.get<std::uint64_t>();
  }
  template <NodePointer Node::*member>
  void one_schema(Node& node, const Place& place) {
    node.*member = schema(place.value, place.path, place.depth + 1);
  }
  template <std::vector<NodePointer> Node::*member>
  void schemas(Node& node, const Place& place) {
    if (!place.value.is_array() || place.value.empty())
      return faults_.add(place.path, "must be a list of schemas");
    for (std::size_t i = 0; i < place.value.size(); ++i) {
      (node.*member)
          .push_back(
              schema(place.value[i], place.path + "[" + std::to_string(i) + "]", place.depth + 1));
    }
  }
  void type(Node& node, const Place& place);
  void properties(Node& node, const Place& place);
  void required(Node& node, const Place& place);
  void pattern(Node& node, const Place& place);
  void choices(Node& node, const Place& place);
  void constant(Node& node, const Place& place) { node.constant = place.value; }
  void unique(Node& node, const Place& place) {
    if (!place.value.is_boolean()) return faults_.add(place.path, "must be true or false");
    node.unique_items = place.value.get<bool>();
  }
  void multiple(Node& node, const Place& place) {
    if (!place.value.is_number() || place.value.get<double>() <= 0)
      return faults_.add(place.path, "must be a number above 0");
    node.multiple_of = place.value.get<double>();
  }
  void inform(Node& /*node*/, const Place& /*place*/) {}

  config::Faults& faults_;
};

const std::map<std::string_view, Compiler::Take>& Compiler::keywords() {
  static const std::map<std::string_view, Take> known = [] {
    std::map<std::string_view, Take> table{
        {"additionalProperties", &Compiler::one_schema<&Node::other_properties>},
        {"allOf", &Compiler::schemas<&Node::all_of>},
        {"anyOf", &Compiler::schemas<&Node::any_of>},
        {"const", &Compiler::constant},
        {"enum", &Compiler::choices},
        {"exclusiveMaximum", &Compiler::number<&Node::below>},
        {"exclusiveMinimum", &Compiler::number<&Node::above>},
        {"items", &Compiler::one_schema<&Node::items>},
        {"maxItems", &Compiler::count<&Node::items_max>},
        {"maxLength", &Compiler::count<&Node::length_max>},
        {"maxProperties", &Compiler::count<&Node::properties_max>},
        {"maximum", &Compiler::number<&Node::maximum>},
        {"minItems", &Compiler::count<&Node::items_min>},
        {"minLength", &Compiler::count<&Node::length_min>},
        {"minProperties", &Compiler::count<&Node::properties_min>},
        {"minimum", &Compiler::number<&Node::minimum>},
        {"multipleOf", &Compiler::multiple},
        {"not", &Compiler::one_schema<&Node::none_of>},
        {"oneOf", &Compiler::schemas<&Node::one_of>},
        {"pattern", &Compiler::pattern},
        {"properties", &Compiler::properties},
        {"required", &Compiler::required},
        {"type", &Compiler::type},
        {"uniqueItems", &Compiler::unique}};
    for (const std::string_view word : kInforming) table.emplace(word, &Compiler::inform);
    return table;
  }();
  return known;
}

NodePointer Compiler::schema(const Json& json, const std::string& path, int depth) {
  auto node = std::make_unique<Node>();
  if (json.is_boolean()) {
    node->never = !json.get<bool>();
    return node;
  }
  if (!json.is_object()) {
    faults_.add(path, "a schema must be a map, or true or false");
    return node;
  }
  if (depth > JsonSchema::kDepthMax) {
    faults_.add(path, "schemas stand more than " + std::to_string(JsonSchema::kDepthMax) +
                          " deep in each other");
    return node;
  }
  for (const auto& [name, value] : json.items()) {
    const std::string where = config::join_path(path, name);
    const auto found = keywords().find(name);
    if (found != keywords().end()) {
      (this->*found->second)(*node, {value, where, depth});
      continue;
    }
    std::vector<std::string_view> known;
    for (const auto& [word, take] : keywords()) known.push_back(word);
    faults_.add(where, "is no keyword that is checked here" + config::suggestion(name, known) +
                           " (docs/custom-data.md lists them)");
  }
  return node;
}

void Compiler::type(Node& node, const Place& place) {
  const Json list = place.value.is_array() ? place.value : Json::array({place.value});
  for (const Json& word : list) {
    const bool known =
        word.is_string() && std::ranges::find(kTypes, word.get<std::string>()) != kTypes.end();
    if (!known) {
      return faults_.add(place.path,
                         "must be array, boolean, integer, null, number, object or string");
    }
    node.types.push_back(word.get<std::string>());
  }
}

void Compiler::properties(Node& node, const Place& place) {
  if (!place.value.is_object()) return faults_.add(place.path, "must be a map of schemas");
  for (const auto& [name, value] : place.value.items())
    node.properties[name] = schema(value, config::join_path(place.path, name), place.depth + 1);
}

void Compiler::required(Node& node, const Place& place) {
  const bool texts =
      place.value.is_array() &&
      std::ranges::all_of(place.value, [](const Json& name) { return name.is_string(); });
  if (!texts) return faults_.add(place.path, "must be a list of names");
  node.required = place.value.get<std::vector<std::string>>();
}

void Compiler::pattern(Node& node, const Place& place) {
  if (!place.value.is_string()) return faults_.add(place.path, "must be a regular expression");
  node.pattern_text = place.value.get<std::string>();
  node.pattern = router::Pattern::compile(node.pattern_text, place.path, faults_);
}

void Compiler::choices(Node& node, const Place& place) {
  if (!place.value.is_array() || place.value.empty())
    return faults_.add(place.path, "must be a list of values");
  node.choices = place.value;
}

// --- check ---

void check_node(const Node& node, const Json& value, const std::string& path,
                config::Faults& faults);

bool accepts(const Node& node, const Json& value) {
  config::Faults faults;
  check_node(node, value, "", faults);
  return faults.empty();
}

bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  if (!value.is_number_float()) return false;
  const auto number = value.get<double>();
  return std::isfinite(number) && std::trunc(number) == number;
}

bool is_of_type(const Json& value, std::string_view type) {
  if (type == "array") return value.is_array();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return is_whole(value);
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type == "object") return value.is_object();
  return value.is_string();
}

std::string list_of(const std::vector<std::string>& words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 < words.size() ? ", " : " or ";
    list += words[i];
  }
  return list;
}

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void check_any(const Node& node, const Json& value, const std::string& path,
               config::Faults& faults) {
  const auto fits = [&value](const std::string& type) { return is_of_type(value, type); };
  if (!node.types.empty() && std::ranges::none_of(node.types, fits))
    faults.add(path, "must be of type " + list_of(node.types));
  if (node.constant && value != *node.constant)
    faults.add(path, "must be " + text_of(*node.constant));
  if (node.choices && std::ranges::find(*node.choices, value) == node.choices->end())
    faults.add(path, "must be one of " + text_of(*node.choices));
}

void check_number(const Node& node, const Json& value, const std::string& path,
                  config::Faults& faults) {
  const auto number = value.get<double>();
  const auto refuse = [&](const char* words, double bound) {
    faults.add(path, std::string(words) + text_of(Json(bound)));
  };
  if (node.minimum && number < *node.minimum) refuse("must not be below ", *node.minimum);
  if (node.maximum && number > *node.maximum) refuse("must not be above ", *node.maximum);
  if (node.above && number <= *node.above) refuse("must be above ", *node.above);
  if (node.below && number >= *node.below) refuse("must be below ", *node.below);
  if (node.multiple_of && std::remainder(number, *node.multiple_of) != 0)
    refuse("must be a multiple of ", *node.multiple_of);
}

struct Counts {
  std::optional<std::uint64_t> min;
  std::optional<std::uint64_t> max;
  const char* unit;
};

void check_count(const Counts& allowed, std::uint64_t count, const std::string& path,
                 config::Faults& faults) {
  if (allowed.min && count < *allowed.min)
    faults.add(path, "must have " + std::to_string(*allowed.min) + allowed.unit + " at least");
  if (allowed.max && count > *allowed.max)
    faults.add(path, "must have " + std::to_string(*allowed.max) + allowed.unit + " at most");
}

// Of characters, not of bytes.
std::uint64_t length_of(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void check_text(const Node& node, const Json& value, const std::string& path,
                config::Faults& faults) {
  const auto& text = value.get_ref<const std::string&>();
  check_count({node.length_min, node.length_max, " characters"}, length_of(text), path, faults);
  if (node.pattern && !node.pattern->found_in(text))
    faults.add(path, "must match " + config::quote(node.pattern_text));
}

void check_list(const Node& node, const Json& value, const std::string& path,
                config::Faults& faults) {
  check_count({node.items_min, node.items_max, " items"}, value.size(), path, faults);
  if (node.unique_items && std::set<Json>(value.begin(), value.end()).size() != value.size())
    faults.add(path, "must not have an item twice");
  if (node.items == nullptr) return;
  for (std::size_t i = 0; i < value.size(); ++i)
    check_node(*node.items, value[i], path + "[" + std::to_string(i) + "]", faults);
}

void check_map(const Node& node, const Json& value, const std::string& path,
               config::Faults& faults) {
  check_count({node.properties_min, node.properties_max, " members"}, value.size(), path, faults);
  for (const std::string& name : node.required) {
    if (!value.contains(name)) faults.add(config::join_path(path, name), "is required");
  }
  for (const auto& [name, member] : value.items()) {
    const std::string where = config::join_path(path, name);
    const auto known = node.properties.find(name);
    const Node* schema =
        known != node.properties.end() ? known->second.get() : node.other_properties.get();
    if (schema == nullptr) continue;
    if (schema->never && known == node.properties.end()) {
      faults.add(where, "is not a member that the schema knows");
    } else {
      check_node(*schema, member, where, faults);
    }
  }
}

void check_combined(const Node& node, const Json& value, const std::string& path,
                    config::Faults& faults) {
  const auto fits = [&value](const NodePointer& schema) { return accepts(*schema, value); };
  for (const NodePointer& schema : node.all_of) check_node(*schema, value, path, faults);
  if (!node.any_of.empty() && std::ranges::none_of(node.any_of, fits))
    faults.add(path, "fits none of the schemas of anyOf");
  if (!node.one_of.empty()) {
    const auto count = std::ranges::count_if(node.one_of, fits);
    if (count != 1)
      faults.add(path, "must fit one of the schemas of oneOf, and fits " + std::to_string(count));
  }
  if (node.none_of != nullptr && accepts(*node.none_of, value))
    faults.add(path, "fits the schema of not");
}

void check_node(const Node& node, const Json& value, const std::string& path,
                config::Faults& faults) {
  if (node.never) return faults.add(path, "must not be there");
  check_any(node, value, path, faults);
  if (value.is_number()) check_number(node, value, path, faults);
  if (value.is_string()) check_text(node, value, path, faults);
  if (value.is_array()) check_list(node, value, path, faults);
  if (value.is_object()) check_map(node, value, path, faults);
  check_combined(node, value, path, faults);
}

}  // namespace

JsonSchema::JsonSchema(std::unique_ptr<const Node> root) : root_(std::move(root)) {}
JsonSchema::~JsonSchema() = default;

std::shared_ptr<const JsonSchema> JsonSchema::compile(const Json& schema, const std::string& path,
                                                      config::Faults& faults) {
  const std::size_t before = faults.count();
  if (text_of(schema).size() > kBytesMax) {
    faults.add(path, "has more than " + std::to_string(kBytesMax) + " bytes");
    return nullptr;
  }
  auto root = Compiler(faults).schema(schema, path, 1);
  if (faults.count() > before) return nullptr;
  return std::shared_ptr<const JsonSchema>(new JsonSchema(std::move(root)));
}

void JsonSchema::check(const Json& value, const std::string& path, config::Faults& faults) const {
  check_node(*root_, value, path, faults);
}

}  // namespace sluice::control
