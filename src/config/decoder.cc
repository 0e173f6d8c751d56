// SPDX-License-Identifier: Apache-2.0
#include "config/decoder.h"

#include <set>

#include "config/core_schema.h"

namespace sluice::config {
namespace {

constexpr auto kNoMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kNoMax = std::numeric_limits<std::int64_t>::max();

std::string describe(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      return "empty";
    case Value::Kind::scalar:
      return quote(value.scalar);
    case Value::Kind::sequence:
      return "a list";
    case Value::Kind::map:
      return "a map";
  }
  return "";
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::string quoted_number_reason(const Value& value) {
  return quote(value.scalar) + " is text, write " + value.scalar + " without quotes";
}

std::string not_integer_reason(const Value& value) {
  std::string digits = value.scalar;
  if (!is_digits(digits) || value.quoted) return quote(value.scalar) + " is not a whole number";
  digits.erase(0, digits.find_first_not_of('0'));
  return value.scalar + " has a leading zero, write " + digits + ", or 0o" + digits +
         " if it is octal";
}

std::string not_one_of_reason(const std::string& text, const Rule& rule) {
  for (const Rule::Absent& absent : rule.absent) {
    if (text == absent.text) return text + " is not there: " + std::string(absent.advice);
  }
  std::string reason = quote(text) + " is not one of";
  for (const std::string_view choice : rule.one_of) {
    reason += (choice == rule.one_of.front() ? " " : ", ") + std::string(choice);
  }
  return reason + suggestion(text, rule.one_of);
}

std::string count(std::int64_t number, std::string_view unit) {
  // Units come in the plural: "items", "bytes".
  if (number == 1) unit.remove_suffix(1);
  return std::to_string(number) + " " + std::string(unit);
}

}  // namespace

const Value* Decoder::find(std::string_view name, const Rule& rule) {
  const Value* found = value_.find(name);
  for (const std::string_view other : rule.misspelt) {
    accepted_.push_back(other);
    const Value* there = value_.find(other);
    if (there == nullptr) continue;
    const std::string path = join_path(path_, other);
    if (found != nullptr) {
      faults_.add(path, "stands beside " + std::string(name) + ": leave it out");
    } else {
      faults_.warn(path, "read as " + std::string(name));
      found = there;
    }
  }
  return found;
}

void Decoder::note(std::string_view name, std::string_view text) {
  accepted_.push_back(name);
  const Value* value = value_.find(name);
  if (value == nullptr) return;
  const bool empty = value->scalar.empty() && value->items.empty() && value->members.empty();
  if (!empty) faults_.warn(join_path(path_, name), "has no effect: " + std::string(text));
}

void Decoder::refuse(std::string_view name, std::string_view reason) {
  accepted_.push_back(name);
  const Value* value = value_.find(name);
  if (value != nullptr && value->kind != Value::Kind::null)
    faults_.add(join_path(path_, name), reason);
}

void Decoder::finish() {
  for (const auto& [key, member] : value_.members) {
    if (std::ranges::find(known_, key) != known_.end()) continue;
    if (std::ranges::find(accepted_, key) != accepted_.end()) continue;
    faults_.add(join_path(path_, key), "is unknown" + suggestion(key, known_));
  }
}

void Decoder::decode(const Value& value, bool& out, const Rule&, const std::string& path) {
  if (!expect(value, Value::Kind::scalar, "true or false", path)) return;
  const auto parsed = parse_bool(value.scalar);
  if (parsed && !value.quoted) {
    out = *parsed;
  } else if (parsed) {
    faults_.add(path, quoted_number_reason(value));
  } else {
    faults_.add(path, quote(value.scalar) + " is not true or false");
  }
}

void Decoder::decode(const Value& value, std::string& out, const Rule& rule,
                     const std::string& path) {
  if (!expect(value, Value::Kind::scalar, "text", path)) return;
  const std::string& text = value.scalar;
  out = text;
  if (text.empty() && !rule.required) return;
  if (!check_size(text.size(), rule, "bytes", path)) return;
  if (auto reason = check_format(rule.format, text)) {
    faults_.add(path, *reason);
  } else if (!rule.one_of.empty() && std::ranges::find(rule.one_of, text) == rule.one_of.end()) {
    faults_.add(path, not_one_of_reason(text, rule));
  }
}

namespace {

// Most people who leave out the unit mean seconds, and the fields of nginx are in seconds.
std::string not_a_duration(const std::string& text) {
  const bool lacks_unit =
      is_digits(text) && parse_duration(text + "ms") && parse_duration(text + "s");
  return quote(text) + " is not a duration" +
         (lacks_unit ? ": it has no unit, is it " + text + "s or " + text + "ms?"
                     : ", such as 100ms");
}

}  // namespace

void Decoder::decode(const Value& value, Duration& out, const Rule& rule, const std::string& path) {
  if (!expect(value, Value::Kind::scalar, "a duration such as 100ms", path)) return;
  const auto parsed = parse_duration(value.scalar);
  if (!parsed) {
    faults_.add(path, not_a_duration(value.scalar));
  } else if (parsed->count() < rule.min) {
    faults_.add(path, value.scalar + " is under " + format_duration(Duration{rule.min}));
  } else if (parsed->count() > rule.max) {
    faults_.add(path, value.scalar + " is over " + format_duration(Duration{rule.max}));
  } else {
    out = *parsed;
  }
}

void Decoder::decode(const Value& value, double& out, const Rule& rule, const std::string& path) {
  if (!expect(value, Value::Kind::scalar, "a number", path)) return;
  const auto parsed = parse_double(value.scalar);
  if (!parsed) {
    faults_.add(path, quote(value.scalar) + " is not a number");
  } else if (value.quoted) {
    faults_.add(path, quoted_number_reason(value));
  } else if (rule.min != kNoMin && *parsed < static_cast<double>(rule.min)) {
    faults_.add(path, value.scalar + " is under " + std::to_string(rule.min));
  } else if (rule.max != kNoMax && *parsed > static_cast<double>(rule.max)) {
    faults_.add(path, value.scalar + " is over " + std::to_string(rule.max));
  } else {
    out = *parsed;
  }
}

std::optional<std::int64_t> Decoder::decode_integer(const Value& value, std::int64_t min,
                                                    std::int64_t max, const std::string& path) {
  if (!expect(value, Value::Kind::scalar, "a whole number", path)) return std::nullopt;
  if (!is_integer(value.scalar)) {
    faults_.add(path, not_integer_reason(value));
    return std::nullopt;
  }
  if (value.quoted) {
    faults_.add(path, quoted_number_reason(value));
    return std::nullopt;
  }
  const auto parsed = parse_int64(value.scalar);
  const bool negative = value.scalar.starts_with('-');
  if (parsed ? *parsed < min : negative) {
    faults_.add(path, value.scalar + " is under " + std::to_string(min));
  } else if (parsed ? *parsed > max : true) {
    faults_.add(path, value.scalar + " is over " + std::to_string(max));
  } else {
    return parsed;
  }
  return std::nullopt;
}

namespace {

// The field that a text alone stands for, where people write one in place of a map.
std::string_view usual_field(std::string_view path) {
  path = path.substr(0, path.find_last_not_of("[]0123456789") + 1);
  const std::string_view name = path.substr(path.rfind('.') + 1);
  for (const auto& [list, field] :
       std::initializer_list<std::pair<const char*, const char*>>{{"flow", "filter"},
                                                                  {"url", "exact"},
                                                                  {"paths", "path"},
                                                                  {"servers", "url"},
                                                                  {"hosts", "value"}}) {
    if (name == list) return field;
  }
  return "";
}

}  // namespace

bool Decoder::expect(const Value& value, Value::Kind kind, std::string_view what,
                     const std::string& path) {
  if (value.kind == kind) return true;
  std::string reason = "must be " + std::string(what) + ", is " + describe(value);
  const std::string_view field = kind == Value::Kind::map ? usual_field(path) : "";
  if (value.kind == Value::Kind::scalar && !field.empty())
    reason += "; write {" + std::string(field) + ": " + describe(value) + "}";
  faults_.add(path, reason);
  return false;
}

bool Decoder::check_size(std::size_t size, const Rule& rule, std::string_view unit,
                         const std::string& path) {
  const auto have = static_cast<std::int64_t>(size);
  if (have < rule.min) {
    faults_.add(path,
                "has " + count(have, unit) + ", at least " + std::to_string(rule.min) + " wanted");
  } else if (have > rule.max) {
    faults_.add(path,
                "has " + count(have, unit) + ", at most " + std::to_string(rule.max) + " allowed");
  } else {
    return true;
  }
  return false;
}

void Decoder::check_unique(const Value& value, const std::string& path) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const Value& item = value.items[i];
    if (item.kind != Value::Kind::scalar || seen.insert(item.scalar).second) continue;
    faults_.add(path + "[" + std::to_string(i) + "]", quote(item.scalar) + " is given twice");
  }
}

}  // namespace sluice::config
