// SPDX-License-Identifier: Apache-2.0
// Computes the changes that documents of custom data would make, without making them. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/value.h"
#include "control/change.h"
#include "control/custom_state.h"

namespace sluice::control {

// Of one document.
struct CustomPreview {
  std::string kind;  // CustomDataKind or CustomData
  std::string name;
  std::string change{};  // created, updated, unchanged; "": not known
  // As documents, without createdAt; of CustomData: only the items that differ. null: none.
  Json before{};
  Json after{};
  std::size_t put = 0;      // items created or changed
  std::size_t deleted = 0;  // items
  std::vector<std::string> warnings{};
};

// The state that preview_custom() checks the documents against.
struct CustomGround {
  CustomState state{};    // in force
  bool knows_all = true;  // false: there may be other kinds, of a server that is not asked
};

// In the order in which egctl sends them: kinds first. Each document is checked on the state that
// the ones before it leave. Errors: `invalid` with a line for each fault, "document 2, list[0]: …";
// those of the edits, for the first document that has one. Requires: each document is a map.
[[nodiscard]] Result<std::vector<CustomPreview>> preview_custom(
    const std::vector<config::Value>& documents, ApplyMode mode, CustomGround ground);

}  // namespace sluice::control
