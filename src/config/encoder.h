// SPDX-License-Identifier: Apache-2.0
// The visitor that writes a spec as JSON. See fields.h.
#pragma once

#include <concepts>
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
#include "config/value.h"

namespace sluice::config {

// Writes defaults, too. Leaves out empty optionals and empty UndecodedValues.
class Encoder {
 public:
  template <class T>
  void operator()(std::string_view name, T& value, const Rule& = {}) {
    Json json;
    encode(value, json);
    if (!json.is_null()) json_[std::string(name)] = std::move(json);
  }
  void ignore(std::string_view) {}
  void note(std::string_view, std::string_view) {}
  void refuse(std::string_view, std::string_view) {}
  // Returns the fields visited so far. Requires: called once.
  [[nodiscard]] Json take() { return std::move(json_); }

  // Returns a document as JSON. Scalars have the type of the core schema of YAML 1.2. Numbers that
  // JSON cannot hold (.inf, .nan, 1e999) stay strings.
  static Json of(const Value& value);

 private:
  template <class T>
    requires(std::integral<T> || std::floating_point<T> || std::same_as<T, std::string>)
  static void encode(T& value, Json& out) {
    out = value;
  }
  static void encode(Duration& value, Json& out) { out = format_duration(value); }
  static void encode(UndecodedValue& value, Json& out) { out = of(value.value); }
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
  }

  Json json_ = Json::object();
};

}  // namespace sluice::config
