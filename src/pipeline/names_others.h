// SPDX-License-Identifier: Apache-2.0
// NamesOthers: the side of a FilterPrototype whose spec names something outside of the filter.
#pragma once

#include <string>
#include <vector>

namespace sluice::pipeline {

// Any thread.
class NamesOthers {
 public:
  struct Name {
    std::string field;  // its path in the spec of the filter
    std::string name;
  };
  struct Names {
    std::vector<Name> custom_kinds{};  // of custom data, which the filter looks up
    std::vector<Name> namespaces{};    // of the exchange, which the filter reads
  };
  virtual ~NamesOthers() = default;
  [[nodiscard]] virtual Names names() const = 0;
};

}  // namespace sluice::pipeline
