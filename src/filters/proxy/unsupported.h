// SPDX-License-Identifier: Apache-2.0
// Fields that the configuration may know from elsewhere, and that would be dangerous to ignore.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "config/fields.h"

namespace sluice::filters {

template <std::size_t N>
struct UnsupportedFields {
  std::array<std::string_view, N> names;
  std::array<config::RawValue, N> values{};

  void fields(auto& visit) {
    for (std::size_t i = 0; i < N; ++i) visit(names[i], values[i], {.doc = "not supported yet"});
  }
  void report(const std::string& path, config::Faults& faults) const {
    for (std::size_t i = 0; i < N; ++i) {
      if (values[i].value.kind == config::Value::Kind::null) continue;
      faults.add(path, "`" + std::string(names[i]) + "` is not supported yet");
    }
  }
};

}  // namespace sluice::filters
