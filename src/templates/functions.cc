// SPDX-License-Identifier: Apache-2.0
#include "templates/functions.h"

#include <array>

#include "templates/function_parts.h"

namespace sluice::templates {
namespace {

std::array<std::span<const Function>, 5> function_tables() {
  return {core_functions(), text_functions(), data_functions(), number_functions(),
          http_functions()};
}

}  // namespace

const Function* find_function(std::string_view name) {
  for (const auto table : function_tables()) {
    for (const Function& function : table) {
      if (function.name == name) return &function;
    }
  }
  return nullptr;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const auto table : function_tables()) {
    for (const Function& function : table) names.push_back(function.name);
  }
  return names;
}

}  // namespace sluice::templates
