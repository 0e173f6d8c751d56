// SPDX-License-Identifier: Apache-2.0
// Custom data: the resources CustomDataKind and CustomData of the commands that take a kind, and
// the older forms `custom-data-kind` and `custom-data`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "egctl/command.h"
#include "egctl/custom_document.h"
#include "egctl/invocation.h"
#include "egctl/wait.h"

namespace sluice::egctl {

// In the functions below, `kind` is one of both. The arguments are names of kinds, or the name of a
// kind and ids of its items.
[[nodiscard]] Result<void> get_custom(Invocation& invocation, std::string_view kind,
                                      const std::vector<std::string>& arguments);
[[nodiscard]] Result<void> delete_custom(Invocation& invocation, std::string_view kind,
                                         const std::vector<std::string>& arguments, bool all,
                                         const Waiting& waiting = {});
// `id`: of the item to edit; "": all of the kind.
[[nodiscard]] Result<void> edit_custom(Invocation& invocation, std::string_view kind,
                                       const std::string& name, const std::string& id,
                                       const Waiting& waiting);
// Sends documents of both kinds, kinds first, each in a call of its own, and prints a line for
// each. `mode`: create, update or apply.
[[nodiscard]] Result<void> send_custom(Invocation& invocation,
                                       const std::vector<CustomDocument>& documents,
                                       const std::string& mode, const Waiting& waiting);

void add_custom_data_kind(Command root, Invocation& invocation);
void add_custom_data(Command root, Invocation& invocation);

}  // namespace sluice::egctl
