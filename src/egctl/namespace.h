// SPDX-License-Identifier: Apache-2.0
// --namespace and --all-namespaces: Easegress has namespaces, Sluice has the one named `default`.
#pragma once

#include <string>

#include "base/result.h"
#include "egctl/command.h"

namespace sluice::egctl {

inline constexpr std::string_view kDefaultNamespace = "default";

struct Namespaces {
  std::string one;
  bool all = false;

  // Another namespace than `default` is wrong use.
  [[nodiscard]] Result<void> check(Invocation& invocation) const;
};

// Requires: `namespaces` outlives the tree.
void add_namespace_options(Command command, Namespaces& namespaces);

}  // namespace sluice::egctl
