// SPDX-License-Identifier: Apache-2.0
// The visitor that fills a spec from a Value. See fields.h.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/faults.h"
#include "config/rule.h"
#include "config/value.h"

namespace sluice::config {

template <class T>
inline constexpr bool kIsNumber =
    (std::is_arithmetic_v<T> && !std::same_as<T, bool>) || std::same_as<T, Duration>;
template <class T>
inline constexpr bool kIsNumber<std::optional<T>> = kIsNumber<T>;

class Decoder {
 public:
  // `path`: of `value` in the document, for faults. Requires: `value` and `faults` outlive this.
  Decoder(const Value& value, std::string path, Faults& faults)
      : value_(value), path_(std::move(path)), faults_(faults) {}

  template <class T>
  void operator()(std::string_view name, T& out, const Rule& rule = {}) {
    known_.push_back(name);
    const Value* value = find(name, rule);
    const std::string path = join_path(path_, name);
    if (value == nullptr || value->kind == Value::Kind::null) {
      if (rule.required) faults_.add(path, "is required");
      return;
    }
    if (is_empty_text<T>(*value) && !rule.required) return;
    if (rule.secret) return decode_secret(*value, out, rule, path);
    decode(*value, out, rule, path);
  }
  // Accepts a member that this spec does not read.
  void ignore(std::string_view name) { accepted_.push_back(name); }
  // The same, and warns of it, unless it is empty: it has no effect here.
  void note(std::string_view name, std::string_view text);
  // A field of the kind that this one is made of, which is none here: a fault with the reason,
  // unless it is null.
  void refuse(std::string_view name, std::string_view reason);
  // Adds a fault for each member of the map that is no field. Call it after all fields.
  void finish();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Faults& faults() { return faults_; }

  void decode(const Value& value, bool& out, const Rule& rule, const std::string& path);
  void decode(const Value& value, std::string& out, const Rule& rule, const std::string& path);
  void decode(const Value& value, Duration& out, const Rule& rule, const std::string& path);
  void decode(const Value& value, double& out, const Rule& rule, const std::string& path);
  void decode(const Value& value, UndecodedValue& out, const Rule&, const std::string&) {
    out.value = value;
  }

  template <std::integral T>
  void decode(const Value& value, T& out, const Rule& rule, const std::string& path) {
    const auto min = std::max(rule.min, saturate(std::numeric_limits<T>::min()));
    const auto max = std::min(rule.max, saturate(std::numeric_limits<T>::max()));
    if (const auto wide = decode_integer(value, min, max, path)) out = static_cast<T>(*wide);
  }
  template <class T>
  void decode(const Value& value, std::optional<T>& out, const Rule& rule,
              const std::string& path) {
    decode(value, out.emplace(), rule, path);
  }
  template <class T>
  void decode(const Value& value, std::vector<T>& out, const Rule& rule, const std::string& path) {
    if (!expect(value, Value::Kind::sequence, "a list", path)) return;
    // Tools write an empty list for one that was not given.
    if (value.items.empty() && !rule.required && rule.min > 0) return;
    if (!check_size(value.items.size(), rule, "items", path)) return;
    const Rule item_rule{
        .required = true, .format = rule.format, .one_of = rule.one_of, .absent = rule.absent};
    out.clear();
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      out.emplace_back();
      decode(value.items[i], out.back(), item_rule, path + "[" + std::to_string(i) + "]");
    }
    if (rule.unique) check_unique(value, path);
  }
  template <class T>
  void decode(const Value& value, std::map<std::string, T>& out, const Rule& rule,
              const std::string& path) {
    if (!expect(value, Value::Kind::map, "a map", path)) return;
    if (!check_size(value.members.size(), rule, "members", path)) return;
    const Rule member_rule{.required = kIsNumber<T>,
                           .format = rule.format,
                           .one_of = rule.one_of,
                           .absent = rule.absent};
    out.clear();
    for (const auto& [key, member] : value.members) {
      decode(member, out[key], member_rule, join_path(path, key));
    }
  }
  template <class T>
    requires requires(T& spec, Decoder& decoder) { spec.fields(decoder); }
  void decode(const Value& value, T& out, const Rule&, const std::string& path) {
    if (!expect(value, Value::Kind::map, "a map", path)) return;
    if constexpr (requires { T::mended(value, path, faults_); }) {
      if (const std::optional<Value> mended = T::mended(value, path, faults_))
        return decode_fields(*mended, out, path);
    }
    decode_fields(value, out, path);
  }

 private:
  // Tools write an empty text for a number or a duration that was not given.
  template <class T>
  static bool is_empty_text(const Value& value) {
    return kIsNumber<T> && value.kind == Value::Kind::scalar && value.scalar.empty();
  }
  template <class T>
  void decode_fields(const Value& value, T& out, const std::string& path) {
    const std::size_t faults_before = faults_.count();
    Decoder inner(value, path, faults_);
    out.fields(inner);
    inner.finish();
    if constexpr (requires { out.validate(path, faults_); }) {
      if (faults_.count() == faults_before) out.validate(path, faults_);
    }
  }
  // The member of this name, or of one of its other spellings. Null: there is none.
  const Value* find(std::string_view name, const Rule& rule);
  // Faults quote the value, but must not quote a secret.
  template <class T>
  void decode_secret(const Value& value, T& out, const Rule& rule, const std::string& path) {
    Faults quoting;
    Decoder(value_, path_, quoting).decode(value, out, rule, path);
    if (!quoting.empty()) faults_.add(path, "is not of the right form (a secret: not shown)");
  }
  template <class T>
  static constexpr std::int64_t saturate(T value) {
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    return std::cmp_greater(value, kMax) ? kMax : static_cast<std::int64_t>(value);
  }
  bool expect(const Value& value, Value::Kind kind, std::string_view what, const std::string& path);
  std::optional<std::int64_t> decode_integer(const Value& value, std::int64_t min, std::int64_t max,
                                             const std::string& path);
  bool check_size(std::size_t size, const Rule& rule, std::string_view unit,
                  const std::string& path);
  void check_unique(const Value& value, const std::string& path);

  const Value& value_;
  std::string path_;
  Faults& faults_;
  std::vector<std::string_view> known_;
  std::vector<std::string_view> accepted_;  // beside these; no typing error means one of them
};

}  // namespace sluice::config
