// SPDX-License-Identifier: Apache-2.0
// `egctl delete`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "egctl/command.h"
#include "egctl/invocation.h"
#include "egctl/wait.h"

namespace sluice::egctl {

void add_delete(Command root, Invocation& invocation);
// Deletes the objects `names`, of `kind` if it is given. Checks first that all of them exist.
[[nodiscard]] Result<void> delete_objects(Invocation& invocation, std::string_view kind,
                                          const std::vector<std::string>& names,
                                          const Waiting& waiting = {});

}  // namespace sluice::egctl
