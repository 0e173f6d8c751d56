// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/declared_parameters.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "base/zoned_time.h"
#include "config/faults.h"
#include "filters/wasm_host/numbers.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kDeclaredMax = 1000;

Result<std::string> read_text(std::string_view value) { return std::string(value); }

Result<std::string> read_integer(std::string_view value) {
  const auto number = to_number<std::int64_t>(value);
  if (!number) return fail(ErrorKind::invalid, "not an integer");
  return std::to_string(*number);
}

Result<std::string> read_number(std::string_view value) {
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(number))
    return fail(ErrorKind::invalid, "not a number");
  return format_float(number);
}

Result<std::string> read_boolean(std::string_view value) {
  if (value == "true" || value == "false") return std::string(value);
  return fail(ErrorKind::invalid, "neither true nor false");
}

Result<std::string> read_duration(std::string_view value) {
  const auto duration = parse_duration(value);
  if (!duration) return fail(ErrorKind::invalid, "not a duration such as 1m30s");
  return std::to_string(std::chrono::floor<std::chrono::milliseconds>(*duration).count());
}

Result<std::string> read_time(std::string_view value) {
  auto time = parse_zoned_time(value, {});
  if (!time) return std::unexpected(std::move(time).error());
  if (!time->has_zone)
    return fail(ErrorKind::invalid,
                "names no time zone: write it as 2026-11-27 20:00 Europe/Berlin");
  return std::to_string(time->unix_ms);
}

struct ParameterType {
  std::string_view name;
  Result<std::string> (*read)(std::string_view value);
};
constexpr std::array kTypes{
    ParameterType{"text", read_text},         ParameterType{"integer", read_integer},
    ParameterType{"number", read_number},     ParameterType{"boolean", read_boolean},
    ParameterType{"duration", read_duration}, ParameterType{"time", read_time}};

const ParameterType* find_type(std::string_view name) {
  for (const ParameterType& type : kTypes)
    if (type.name == name) return &type;
  return nullptr;
}

}  // namespace

Result<std::string> DeclaredParameters::declare(std::string_view name, std::string_view type,
                                                std::optional<std::string_view> otherwise) {
  const std::string path = config::join_path("parameters", name);
  const ParameterType* found = find_type(type);
  if (found == nullptr)
    return fail(ErrorKind::invalid,
                path + " is declared with the type " + config::quote(type) +
                    ": the types are text, integer, number, boolean, duration and time");
  if (declared_.size() >= kDeclaredMax)
    return fail(ErrorKind::invalid, "the program declares more than 1,000 parameters");
  declared_.emplace(name);
  const auto given = given_.find(std::string(name));
  if (given == given_.end() && !otherwise)
    return fail(ErrorKind::invalid, path + " is missing: the program needs it");
  const std::string_view value =
      given != given_.end() ? std::string_view(given->second) : *otherwise;
  auto read = found->read(value);
  if (read) return read;
  return fail(ErrorKind::invalid, path + ": " + config::quote(value) + ": " + read.error().message);
}

Result<void> DeclaredParameters::check() const {
  if (declared_.empty()) return {};
  for (const auto& [name, value] : given_) {
    if (declared_.contains(name)) continue;
    const std::vector<std::string_view> known(declared_.begin(), declared_.end());
    return fail(ErrorKind::invalid, config::join_path("parameters", name) +
                                        " is unknown to the program" +
                                        config::suggestion(name, known));
  }
  return {};
}

}  // namespace sluice::filters
