// SPDX-License-Identifier: Apache-2.0
// Fields known from other gateways that are dangerous to ignore.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "config/fields.h"

namespace sluice::filters {

struct UnsupportedField {
  std::string_view name;
  std::string_view advice;  // the reason, and an alternative
};

// The first that is not empty is a fault. Tools write a field that was not given as empty.
template <std::size_t n>
struct UnsupportedFields {
  std::array<UnsupportedField, n> known;
  std::array<config::UndecodedValue, n> values{};

  void fields(auto& visit) {
    for (std::size_t i = 0; i < n; ++i) visit(known[i].name, values[i], {.doc = known[i].advice});
  }
  void report(const std::string& path, config::Faults& faults) const {
    for (std::size_t i = 0; i < n; ++i) {
      if (!is_given(i)) continue;
      // The others are for the same purpose.
      return faults.add(config::join_path(path, known[i].name), known[i].advice);
    }
  }
  // Where the rest of the spec makes up for them.
  void warn(const std::string& path, std::string_view text, config::Faults& faults) const {
    for (std::size_t i = 0; i < n; ++i) {
      if (!is_given(i)) continue;
      return faults.warn(config::join_path(path, known[i].name), text);
    }
  }
  [[nodiscard]] bool is_given(std::size_t i) const {
    const config::Value& value = values[i].value;
    return !value.scalar.empty() || !value.items.empty() || !value.members.empty();
  }
};

}  // namespace sluice::filters
