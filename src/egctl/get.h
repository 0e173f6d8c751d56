// SPDX-License-Identifier: Apache-2.0
// `egctl get`.
#pragma once

#include <vector>

#include "base/json.h"
#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_get(Command root, Invocation& invocation);
// YAML has one document per object, the form that `egctl apply` accepts. JSON is one list, or the
// object if `single`. Requires: there is one then.
void print_specs(const Invocation& invocation, const std::vector<Json>& specs, bool single);

}  // namespace sluice::egctl
