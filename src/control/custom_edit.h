// SPDX-License-Identifier: Apache-2.0
// The changes of custom data that callers ask for, from one state to the next. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/change.h"
#include "control/custom_kind.h"
#include "control/custom_state.h"

namespace sluice::control {

// Makes the next state. Called again with a later state if another member was first. Without an
// effect outside.
using CustomEdit = std::function<Result<CustomState>(const CustomState& now)>;

// Creates or updates kinds. Errors: `conflict` and `not_found` by `mode`; `invalid` if an item of a
// kind does not fit the kind any more.
[[nodiscard]] CustomEdit put_custom_kinds(std::vector<std::shared_ptr<const CustomKind>> kinds,
                                          ApplyMode mode);
// A kind and its items. Error `not_found`: it is not there.
[[nodiscard]] CustomEdit erase_custom_kind(std::string name);
[[nodiscard]] CustomEdit erase_all_custom_kinds();

// One item. Errors as of put_custom_kinds(); `not_found`: no such kind.
[[nodiscard]] CustomEdit put_custom_item(std::string kind, config::Value item, ApplyMode mode);
// Error `not_found`: it is not there.
[[nodiscard]] CustomEdit erase_custom_item(std::string kind, std::string id);
[[nodiscard]] CustomEdit erase_all_custom_items(std::string kind);
// Errors: `invalid` with one detail per fault, its path first; `not_found`: no such kind.
[[nodiscard]] CustomEdit change_custom_items(std::string kind, CustomChange change);

[[nodiscard]] std::unexpected<Error> no_custom_kind(const std::string& name);
[[nodiscard]] std::unexpected<Error> no_custom_item(const std::string& kind, const std::string& id);

}  // namespace sluice::control
