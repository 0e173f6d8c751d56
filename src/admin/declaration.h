// SPDX-License-Identifier: Apache-2.0
// Declaration: what a caller must know of a route. It stands beside the handler. The OpenAPI
// document is made of the declarations (openapi.h), and the router checks queries by them. Plain
// values over texts that live as long as the program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/message.h"

namespace sluice::admin {

// A parameter of the query.
struct QueryParameter {
  enum class Type { text, flag, number, choice };
  std::string_view name;
  std::string_view about;
  Type type = Type::text;
  std::string_view choices{};  // "create|update|apply"
  std::int64_t min = 0;
  std::int64_t max = 0;
  bool required = false;  // a flag: must be true

  // Why the call is refused; nullopt if it is not.
  [[nodiscard]] std::optional<std::string> fault_in(const ApiRequest& request) const;
};
[[nodiscard]] constexpr QueryParameter text_query(std::string_view name, std::string_view about) {
  return {.name = name, .about = about};
}
[[nodiscard]] constexpr QueryParameter flag_query(std::string_view name, std::string_view about) {
  return {.name = name, .about = about, .type = QueryParameter::Type::flag};
}
[[nodiscard]] constexpr QueryParameter number_query(std::string_view name, std::int64_t min,
                                                    std::int64_t max, std::string_view about) {
  return {
      .name = name, .about = about, .type = QueryParameter::Type::number, .min = min, .max = max};
}
[[nodiscard]] constexpr QueryParameter choice_query(std::string_view name, std::string_view choices,
                                                    std::string_view about) {
  return {.name = name, .about = about, .type = QueryParameter::Type::choice, .choices = choices};
}
[[nodiscard]] constexpr QueryParameter required(QueryParameter parameter) {
  parameter.required = true;
  return parameter;
}

// A body of a call or of an answer. An answer that may be JSON or YAML follows Accept.
struct Content {
  std::vector<std::string_view> types{};  // {}: there is no body
  std::string_view shape{};               // of the value (shape.h); "": bytes or text
};
// JSON, or YAML.
[[nodiscard]] inline Content value_of(std::string_view shape) {
  return {.types = {kJsonType, kYamlType}, .shape = shape};
}

struct Answer {
  int status = 200;
  Content content{};
  std::string_view about = "Done";
};

struct Declaration {
  std::string_view summary{};
  std::vector<QueryParameter> query{};
  Content body{};
  std::vector<Answer> answers{};  // {}: 200 without a body
  // Statuses of errors, beside those that every call may get (openapi.cc).
  std::vector<int> errors{};
  bool is_part_of_page = false;  // what a page loads: not in the document
};

}  // namespace sluice::admin
