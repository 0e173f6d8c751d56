// SPDX-License-Identifier: Apache-2.0
// CustomKind: a kind of custom data, and the items that it admits. Immutable; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/faults.h"
#include "config/value.h"
#include "control/json_schema.h"

namespace sluice::control {

inline constexpr std::string_view kCustomDataKind = "CustomDataKind";
inline constexpr std::string_view kCustomData = "CustomData";
inline constexpr std::size_t kCustomItemBytesMax = std::size_t{64} << 10;  // as JSON
inline constexpr std::size_t kCustomIdBytesMax = 256;

struct CustomKind {
  std::string name;
  std::string id_field;
  Json spec;                                   // completed; createdAt included
  std::shared_ptr<const JsonSchema> schema{};  // null: any item
};

// A kind as `document` describes it, created now; null exactly if a fault was added.
[[nodiscard]] std::shared_ptr<const CustomKind> build_custom_kind(const config::Value& document,
                                                                  config::Faults& faults);
// The same, from CustomKind::spec.
[[nodiscard]] std::shared_ptr<const CustomKind> restore_custom_kind(const Json& spec,
                                                                    config::Faults& faults);

// The item that `value` describes, with its id as text. Adds faults with paths below `path`.
[[nodiscard]] Json custom_item(const CustomKind& kind, const config::Value& value,
                               const std::string& path, config::Faults& faults);
// Adds the faults of an item: its id, its size, and those of the schema.
void check_custom_item(const CustomKind& kind, const Json& item, const std::string& path,
                       config::Faults& faults);
// "" if the item has none.
[[nodiscard]] std::string id_of(const CustomKind& kind, const Json& item);
// Returns nullopt if `id` can be the id of an item, else the reason.
[[nodiscard]] std::optional<std::string> fault_of_custom_id(std::string_view id);

// The JSON schemas of both documents.
[[nodiscard]] Json custom_kind_schema();
[[nodiscard]] Json custom_change_schema();

// A change of the items of a kind, in the form of the document `CustomData`.
struct CustomChange {
  std::string kind;      // its name; "" if the document does not say
  bool rebuild = false;  // items that are not in `list` go
  std::vector<std::string> erase;
  std::vector<config::Value> list;  // take the place of those with the same id
};
[[nodiscard]] CustomChange read_custom_change(const config::Value& document,
                                              config::Faults& faults);

}  // namespace sluice::control
