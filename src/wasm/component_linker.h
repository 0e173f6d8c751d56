// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: the imports of a WitWorld, for the components that an ABI hosts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "wasm/abi.h"
#include "wasm/component.h"
#include "wasm/component_entry.h"
#include "wasm/module.h"

namespace sluice::wasm {

class ComponentLinker {
 public:
  // Error `internal`: the world is not that of the ABI. Without a world it has no imports.
  [[nodiscard]] static Result<ComponentLinker> create(const Abi& abi);

  // Error `invalid` names what the component imports and nobody offers, or does not export.
  [[nodiscard]] Result<LinkedPtr> link(const sluice_components& components,
                                       const Module& module) const;
  // Outlives what link() has made.
  [[nodiscard]] std::shared_ptr<const void> rows() const { return rows_; }

 private:
  struct Row {
    ComponentImport called;
    std::string interface;  // with the package and the version
  };
  [[nodiscard]] Result<void> check(const Module& module) const;
  [[nodiscard]] bool offers(const Import& import) const;

  const WitWorld* world_ = nullptr;
  std::shared_ptr<std::vector<Row>> rows_;  // linked components refer to them
};

}  // namespace sluice::wasm
