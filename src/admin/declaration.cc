// SPDX-License-Identifier: Apache-2.0
#include "admin/declaration.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sluice::admin {
namespace {

constexpr std::array<std::string_view, 5> kFlagWords{"", "true", "1", "false", "0"};

// "create, update or apply"
std::string listed(std::string_view choices) {
  std::string text;
  while (!choices.empty()) {
    const std::string_view one = take_until(choices, '|');
    if (!text.empty()) text += choices.empty() ? " or " : ", ";
    text += one;
  }
  return text;
}

bool is_one_of(std::string_view word, std::string_view choices) {
  while (!choices.empty()) {
    if (take_until(choices, '|') == word) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> QueryParameter::fault_in(const ApiRequest& request) const {
  const auto found = request.query.find(std::string(name));
  if (found == request.query.end()) return std::nullopt;  // the handler says what is missing
  const std::string place = "?" + std::string(name) + "= wants ";
  switch (type) {
    case Type::text:
      break;
    case Type::flag:
      if (std::ranges::find(kFlagWords, found->second) == kFlagWords.end())
        return place + "true or false";
      break;
    case Type::number:
      if (const auto number = query_number(request, name, min, min, max); !number)
        return number.error().message;
      break;
    case Type::choice:
      if (!is_one_of(found->second, choices)) return place + listed(choices);
      break;
  }
  return std::nullopt;
}

}  // namespace sluice::admin
