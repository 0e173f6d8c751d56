// SPDX-License-Identifier: Apache-2.0
// `egctl member`, and its parts that other commands use.
#pragma once

#include <string>
#include <vector>

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_member(Command root, Invocation& invocation);
void add_purge(Command root, Invocation& invocation);
// The header first.
[[nodiscard]] std::vector<Row> member_rows(const std::vector<Json>& members, bool wide);
[[nodiscard]] Result<void> print_members(Invocation& invocation,
                                         const std::vector<std::string>& names);
[[nodiscard]] Result<void> purge_members(Invocation& invocation,
                                         const std::vector<std::string>& names);

}  // namespace sluice::egctl
