// SPDX-License-Identifier: Apache-2.0
// The visitor that writes the JSON schema (draft 2020-12) of a spec. See fields.h.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "config/rule.h"

namespace sluice::config {

// The member of a schema that holds Rule::part_of.
inline constexpr const char* kPartOf = "x-part-of";

class SchemaWriter {
 public:
  template <class T>
  void operator()(std::string_view name, T& value, const Rule& rule = {}) {
    Json property = of(value, rule);
    annotate(property, rule);
    properties_[std::string(name)] = std::move(property);
    if (rule.required) required_.emplace_back(name);
  }
  // Writes a member that is allowed, without a description.
  void ignore(std::string_view name) { properties_[std::string(name)] = Json::object(); }
  // A member that is accepted without effect is not described.
  void note(std::string_view, std::string_view) {}
  void refuse(std::string_view, std::string_view) {}
  // Returns the schema of the fields visited so far. Requires: called once.
  [[nodiscard]] Json take();

 private:
  // Adds the bounds and the description. Those of the items of a list are set already.
  static void annotate(Json& property, const Rule& rule);
  static Json without_default(Json item);
  static Json of_string(const std::string& value, const Rule& rule);

  static Json of(bool& value, const Rule&) { return {{"type", "boolean"}, {"default", value}}; }
  static Json of(std::string& value, const Rule& rule) { return of_string(value, rule); }
  static Json of(Duration& value, const Rule&) {
    return {{"type", "string"}, {"format", "duration"}, {"default", format_duration(value)}};
  }
  static Json of(double& value, const Rule&) { return {{"type", "number"}, {"default", value}}; }
  static Json of(UndecodedValue&, const Rule&) { return Json::object(); }
  template <std::integral T>
  static Json of(T& value, const Rule&) {
    Json out{{"type", "integer"}, {"default", value}};
    if constexpr (std::unsigned_integral<T>) out["minimum"] = 0;
    if constexpr (sizeof(T) < 4) out["maximum"] = std::numeric_limits<T>::max();
    return out;
  }
  template <class T>
  static Json of(std::optional<T>&, const Rule& rule) {
    T item{};
    return without_default(of(item, rule));
  }
  template <class T>
  static Json of(std::vector<T>&, const Rule& rule) {
    T item{};
    return {{"type", "array"}, {"items", without_default(of(item, rule))}};
  }
  template <class T>
  static Json of(std::map<std::string, T>&, const Rule& rule) {
    T item{};
    return {{"type", "object"}, {"additionalProperties", without_default(of(item, rule))}};
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

}  // namespace sluice::config
