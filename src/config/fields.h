// SPDX-License-Identifier: Apache-2.0
// One field list per spec serves decoding, defaults, encoding and JSON schema. A spec is a struct:
//
//   struct MockRule {
//     int code = 200;
//     std::string body;
//     Duration delay{};
//     void fields(auto& visit) {
//       visit("code", code, {.required = true, .min = 100, .max = 599, .doc = "status of the response"});
//       visit("body", body, {.doc = "body of the response"});
//       visit("delay", delay, {.min = 0, .doc = "wait before answering"});
//     }
//   };
//
// Member types: bool, integers, double, std::string, Duration, std::vector<T>,
// std::map<std::string, T>, std::optional<T>, RawValue, and structs with a field list. The value that a default
// construction leaves is the default. decode() reports every fault with its path
// (`filters[0].timeout: "100" is not a duration, try 100ms`), unknown keys with a suggestion.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "config/formats.h"
#include "config/value.h"

namespace sluice::config {

struct Rule {
  bool required = false;
  // Bounds: numbers by value, Durations by nanoseconds, strings and lists by size.
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  Format format = Format::none;              // of a string, or of each string of a list
  std::vector<std::string_view> one_of{};    // allowed strings
  bool unique = false;                       // no two equal items
  std::string_view doc{};
};

// A part of the document that its owner decodes later (a filter's own fields).
struct RawValue {
  Value value;
};

// Collects faults; each line is `path: reason`.
class Faults {
 public:
  void add(const std::string& path, std::string reason) {
    lines_.push_back(path.empty() ? std::move(reason) : path + ": " + std::move(reason));
  }
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  // `invalid` with all lines as details; the message is the first line, and how many more.
  [[nodiscard]] Error to_error() const;

 private:
  std::vector<std::string> lines_;
};

// "" or `, did you mean "timeout"?`
[[nodiscard]] std::string suggestion(std::string_view unknown, const std::vector<std::string_view>& known);
[[nodiscard]] std::string join_path(const std::string& path, std::string_view name);

class Decoder {
 public:
  Decoder(const Value& value, std::string path, Faults& faults)
      : value_(value), path_(std::move(path)), faults_(faults) {}

  template <class T>
  void operator()(std::string_view name, T& out, const Rule& rule = {}) {
    known_.push_back(name);
    const Value* value = value_.find(name);
    const std::string path = join_path(path_, name);
    if (value == nullptr || value->kind == Value::Kind::null) {
      if (rule.required) faults_.add(path, "is required");
      return;
    }
    decode(*value, out, rule, path);
  }
  // Names that this spec leaves to someone else.
  void ignore(std::string_view name) { known_.push_back(name); }
  // Reports members of the map that no field named.
  void finish();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Faults& faults() { return faults_; }

  void decode(const Value& value, bool& out, const Rule& rule, const std::string& path);
  void decode(const Value& value, std::string& out, const Rule& rule, const std::string& path);
  void decode(const Value& value, Duration& out, const Rule& rule, const std::string& path);
  void decode(const Value& value, double& out, const Rule& rule, const std::string& path);
  void decode(const Value& value, RawValue& out, const Rule&, const std::string&) { out.value = value; }

  template <std::integral T>
  void decode(const Value& value, T& out, const Rule& rule, const std::string& path) {
    Rule bounded = rule;
    bounded.min = std::max<std::int64_t>(rule.min, saturate<T>(std::numeric_limits<T>::min()));
    bounded.max = std::min<std::int64_t>(rule.max, saturate<T>(std::numeric_limits<T>::max()));
    std::int64_t wide = 0;
    if (decode_integer(value, wide, bounded, path)) out = static_cast<T>(wide);
  }
  template <class T>
  void decode(const Value& value, std::optional<T>& out, const Rule& rule, const std::string& path) {
    decode(value, out.emplace(), rule, path);
  }
  template <class T>
  void decode(const Value& value, std::vector<T>& out, const Rule& rule, const std::string& path) {
    if (!expect(value, Value::Kind::sequence, "a list", path)) return;
    check_size(value.items.size(), rule, "items", path);
    Rule item_rule = rule;
    item_rule.min = std::numeric_limits<std::int64_t>::min();
    item_rule.max = std::numeric_limits<std::int64_t>::max();
    out.clear();
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      out.emplace_back();
      decode(value.items[i], out.back(), item_rule, path + "[" + std::to_string(i) + "]");
    }
    if (rule.unique) check_unique(value, path);
  }
  template <class T>
  void decode(const Value& value, std::map<std::string, T>& out, const Rule& rule, const std::string& path) {
    if (!expect(value, Value::Kind::map, "a map", path)) return;
    out.clear();
    for (const auto& [key, member] : value.members) decode(member, out[key], rule, join_path(path, key));
  }
  template <class T>
    requires requires(T& spec, Decoder& decoder) { spec.fields(decoder); }
  void decode(const Value& value, T& out, const Rule&, const std::string& path) {
    if (!expect(value, Value::Kind::map, "a map", path)) return;
    Decoder inner(value, path, faults_);
    out.fields(inner);
    inner.finish();
  }

 private:
  template <class T>
  static constexpr std::int64_t saturate(T value) {
    return std::cmp_greater(value, std::numeric_limits<std::int64_t>::max())
               ? std::numeric_limits<std::int64_t>::max()
               : static_cast<std::int64_t>(value);
  }
  bool expect(const Value& value, Value::Kind kind, std::string_view what, const std::string& path);
  bool decode_integer(const Value& value, std::int64_t& out, const Rule& rule, const std::string& path);
  void check_size(std::size_t size, const Rule& rule, std::string_view unit, const std::string& path);
  void check_unique(const Value& value, const std::string& path);

  const Value& value_;
  std::string path_;
  Faults& faults_;
  std::vector<std::string_view> known_;
};

// Writes a spec as JSON, defaults included. Empty optionals are left out.
class Encoder {
 public:
  template <class T>
  void operator()(std::string_view name, T& value, const Rule& = {}) {
    encode(value, json_[std::string(name)]);
    if (json_[std::string(name)].is_null()) json_.erase(std::string(name));
  }
  void ignore(std::string_view) {}
  [[nodiscard]] Json take() { return std::move(json_); }

  static Json of(const Value& value);  // scalars typed as YAML 1.2 core schema does

 private:
  template <class T>
    requires(std::integral<T> || std::floating_point<T> || std::same_as<T, std::string>)
  static void encode(T& value, Json& out) {
    out = value;
  }
  static void encode(Duration& value, Json& out) { out = format_duration(value); }
  static void encode(RawValue& value, Json& out) { out = of(value.value); }
  template <class T>
  static void encode(std::optional<T>& value, Json& out) {
    if (value) encode(*value, out);
  }
  template <class T>
  static void encode(std::vector<T>& value, Json& out) {
    out = Json::array();
    for (T& item : value) encode(item, out.emplace_back());
  }
  template <class T>
  static void encode(std::map<std::string, T>& value, Json& out) {
    out = Json::object();
    for (auto& [key, member] : value) encode(member, out[key]);
  }
  template <class T>
    requires requires(T& spec, Encoder& encoder) { spec.fields(encoder); }
  static void encode(T& value, Json& out) {
    Encoder inner;
    value.fields(inner);
    out = inner.take();
    if (out.is_null()) out = Json::object();
  }

  Json json_ = Json::object();
};

// JSON schema (draft 2020-12) of a spec, from the same field list.
class SchemaWriter {
 public:
  template <class T>
  void operator()(std::string_view name, T& value, const Rule& rule = {}) {
    Json property = of(value, rule);
    annotate(property, rule);
    properties_[std::string(name)] = std::move(property);
    if (rule.required) required_.push_back(std::string(name));
  }
  void ignore(std::string_view) {}
  [[nodiscard]] Json take();

 private:
  static void annotate(Json& property, const Rule& rule);
  static Json of(bool& value, const Rule&) { return {{"type", "boolean"}, {"default", value}}; }
  static Json of(std::string& value, const Rule& rule);
  static Json of(Duration& value, const Rule&) {
    return {{"type", "string"}, {"format", "duration"}, {"default", format_duration(value)}};
  }
  static Json of(double& value, const Rule&) { return {{"type", "number"}, {"default", value}}; }
  static Json of(RawValue&, const Rule&) { return Json::object(); }
  template <std::integral T>
  static Json of(T& value, const Rule& rule) {
    return of_integer(static_cast<std::int64_t>(value), rule);
  }
  static Json of_integer(std::int64_t value, const Rule& rule);
  template <class T>
  static Json of(std::optional<T>&, const Rule& rule) {
    T item{};
    return of(item, rule);
  }
  template <class T>
  static Json of(std::vector<T>&, const Rule& rule) {
    T item{};
    return {{"type", "array"}, {"items", of(item, rule)}};
  }
  template <class T>
  static Json of(std::map<std::string, T>&, const Rule& rule) {
    T item{};
    return {{"type", "object"}, {"additionalProperties", of(item, rule)}};
  }
  template <class T>
    requires requires(T& spec, SchemaWriter& writer) { spec.fields(writer); }
  static Json of(T& value, const Rule&) {
    SchemaWriter inner;
    value.fields(inner);
    return inner.take();
  }

  Json properties_ = Json::object();
  std::vector<std::string> required_;
};

// Decodes `value` into a fresh T; all faults go to `faults` with paths below `path`.
template <class T>
T decode(const Value& value, const std::string& path, Faults& faults) {
  T spec{};
  Decoder(value, path, faults).decode(value, spec, {}, path);
  return spec;
}

template <class T>
Json encode(T spec) {
  Encoder encoder;
  spec.fields(encoder);
  return encoder.take();
}

template <class T>
Json schema() {
  T spec{};
  SchemaWriter writer;
  spec.fields(writer);
  return writer.take();
}

}  // namespace sluice::config
