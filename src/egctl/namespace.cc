// SPDX-License-Identifier: Apache-2.0
#include "egctl/namespace.h"

#include "egctl/invocation.h"

namespace sluice::egctl {

Result<void> Namespaces::check(Invocation& invocation) const {
  if (one.empty() || one == kDefaultNamespace) return {};
  return invocation.misuse("no such namespace: " + one + " (all objects are in " +
                           std::string(kDefaultNamespace) + ")");
}

void add_namespace_options(Command command, Namespaces& namespaces) {
  command.option("--namespace", namespaces.one, "objects of this namespace; there is default")
      .type_name("NAMESPACE");
  command.flag("--all-namespaces", namespaces.all, "objects of all namespaces")
      .excludes("--namespace");
}

}  // namespace sluice::egctl
