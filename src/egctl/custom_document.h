// SPDX-License-Identifier: Apache-2.0
// The documents of custom data, among those of a file.
#pragma once

#include <string>
#include <string_view>

namespace sluice::egctl {

inline constexpr std::string_view kCustomDataKind = "CustomDataKind";
inline constexpr std::string_view kCustomData = "CustomData";

[[nodiscard]] constexpr bool is_custom(std::string_view kind) {
  return kind == kCustomDataKind || kind == kCustomData;
}

// A CustomDataKind or CustomData, which has a call of its own.
struct CustomDocument {
  std::string kind;
  std::string name;
  std::string text;
  std::string place;  // before its faults: "pipeline.yaml: document 2, "
};

}  // namespace sluice::egctl
