// SPDX-License-Identifier: Apache-2.0
// `egctl backup create`, `egctl backup restore`, `egctl backup check`.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_backup(Command root, Invocation& invocation);

}  // namespace sluice::egctl
