// SPDX-License-Identifier: Apache-2.0
// NamesOthers: the side of a FilterPrototype whose spec names something outside of the filter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::pipeline {

// The key of the data that the pipeline's spec has: .data.PIPELINE.
inline constexpr std::string_view kPipelineData = "PIPELINE";

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
    std::vector<Name> data{};  // of the exchange: "KEY", or "PIPELINE.KEY" of the pipeline's
    std::vector<std::string> makes{};  // keys of data that the filter sets
  };
  virtual ~NamesOthers() = default;
  [[nodiscard]] virtual Names names() const = 0;
};

}  // namespace sluice::pipeline
